"""Users' templates: Liquid with limits. Pure: the moment and the zone come with the call.

The engine is in ``gsmgw.templates.template``, which takes half a second to load on a small machine.
"""

from gsmgw.templates.errors import EmptyField, TemplateError
from gsmgw.templates.names import OUTPUT_LIMIT, SOURCE_LIMIT, Setting, Value, field_name, is_empty

__all__ = [
    "OUTPUT_LIMIT",
    "SOURCE_LIMIT",
    "EmptyField",
    "Setting",
    "TemplateError",
    "Value",
    "field_name",
    "is_empty",
]
