"""Live updates: one subscription to the gateway, fragments rendered once, sent to every page that shows them."""
