"""Users' templates: Liquid with limits. Pure: the moment and the zone come with the call."""

from gsmgw.templates.errors import EmptyField, TemplateError
from gsmgw.templates.names import Setting, Value, field_name, is_empty

__all__ = ["EmptyField", "Setting", "TemplateError", "Value", "field_name", "is_empty"]
