"""One factory per table: the smallest row the database accepts, inserted and returned.

Every factory takes the connection and, by name, whatever the test cares about; rows it hangs on
are made along the way. Values are plain and made up; no factory knows a rule of a room. They stand
by room in `*_factories.py`; here are all of them by table, and by name those that tests of several
rooms need.
"""

from tests.access_factories import (
    ACCESS_FACTORIES,
    a_kept_answer,
    a_stored_secret,
    a_trusted_document,
    an_api_token,
)
from tests.compliance_factories import (
    COMPLIANCE_FACTORIES,
)
from tests.customer_factories import (
    CUSTOMER_FACTORIES,
    a_clean_record,
    a_customer,
    a_customer_link,
    a_match_record,
    record_words,
)
from tests.dealings_factories import (
    DEALINGS_FACTORIES,
)
from tests.intake_factories import (
    INTAKE_FACTORIES,
    a_checkpoint,
    a_drift,
    a_freshness_target,
    a_known_page,
    a_landed_record,
    a_lease,
    a_lineage_edge,
    a_look_request,
    a_quarantined_record,
    a_received_event,
    a_scanned_page,
    a_source,
    a_source_schedule,
    a_stream_field,
    a_sync_request,
    a_sync_run,
    a_trial_sample,
    a_withdrawal,
)
from tests.landscape_factories import (
    LANDSCAPE_FACTORIES,
    a_data_set,
    a_past_of,
    a_relationship,
    an_element,
    an_interface,
)

__all__ = [
    "CUSTOMER_FACTORIES",
    "FACTORIES",
    "a_checkpoint",
    "a_clean_record",
    "a_customer",
    "a_customer_link",
    "a_data_set",
    "a_drift",
    "a_freshness_target",
    "a_kept_answer",
    "a_known_page",
    "a_landed_record",
    "a_lease",
    "a_lineage_edge",
    "a_look_request",
    "a_match_record",
    "a_past_of",
    "a_quarantined_record",
    "a_received_event",
    "a_relationship",
    "a_scanned_page",
    "a_source",
    "a_source_schedule",
    "a_stored_secret",
    "a_stream_field",
    "a_sync_request",
    "a_sync_run",
    "a_trial_sample",
    "a_trusted_document",
    "a_withdrawal",
    "an_api_token",
    "an_element",
    "an_interface",
    "record_words",
]

FACTORIES = {
    **ACCESS_FACTORIES,
    **COMPLIANCE_FACTORIES,
    **CUSTOMER_FACTORIES,
    **DEALINGS_FACTORIES,
    **INTAKE_FACTORIES,
    **LANDSCAPE_FACTORIES,
}
