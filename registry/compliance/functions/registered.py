"""Every function by the name that rule sets call it."""

from registry.compliance.functions import plain, unreferenced, words
from registry.compliance.functions.call import Function
from registry.compliance.functions.openapi import FUNCTIONS as OPENAPI
from registry.compliance.functions.owasp import check_security, different_security_schemes
from registry.compliance.functions.shape import schema

FUNCTIONS: dict[str, Function] = {
    "alphabetical": words.alphabetical,
    "casing": words.casing,
    "defined": plain.is_defined,
    "enumeration": plain.enumeration,
    "falsy": plain.is_falsy,
    "length": plain.length,
    "or": plain.one_or_more,
    "pattern": words.pattern,
    "schema": schema,
    "truthy": plain.is_truthy,
    "undefined": plain.is_undefined,
    "unreferencedReusableObject": unreferenced.unreferenced_reusable_object,
    "xor": plain.exactly_one,
    "checkSecurity": check_security,
    "differentSecuritySchemes": different_security_schemes,
    **OPENAPI,
}
