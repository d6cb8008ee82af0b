"""The MQTT bridge, with device discovery for Home Assistant. Off without ``[mqtt] url``; needs the extra ``mqtt``.

``topics``, ``discovery`` and ``states`` are pure; ``requests`` turns a payload into messages; ``connection`` holds the
client library, which no other module imports; ``publisher`` follows the events; ``bridge`` puts them together.
"""
