"""The functions of spectral:oas, by name."""

from registry.compliance.functions.call import Function
from registry.compliance.functions.openapi import operations, references
from registry.compliance.functions.openapi.document import document_schema
from registry.compliance.functions.openapi.examples import valid_examples
from registry.compliance.functions.openapi.path_parameters import path_parameters
from registry.compliance.functions.openapi.security import defined_security
from registry.compliance.functions.openapi.servers import server_variables
from registry.compliance.functions.shape import openapi_schema
from registry.compliance.functions.unreferenced import unused_component

FUNCTIONS: dict[str, Function] = {
    "oasDiscriminator": references.discriminator,
    "oasDocumentSchema": document_schema,
    "oasExample": valid_examples,
    "oasOpFormDataConsumeCheck": operations.form_data_types,
    "oasOpIdUnique": operations.unique_operation_ids,
    "oasOpParams": operations.parameters,
    "oasOpSuccessResponse": operations.success_response,
    "oasPathParam": path_parameters,
    "oasSchema": openapi_schema,
    "oasSecurityDefined": defined_security,
    "oasTagDefined": operations.defined_tags,
    "oasUnusedComponent": unused_component,
    "refSiblings": references.reference_siblings,
    "serverVariables": server_variables,
    "typedEnum": references.typed_enum,
    "uniquenessTags": operations.unique_tags,
}
