"""A hub whose records nobody has matched yet: little is known, and that is said.

Apart from the other files: their matched town holds locks for as long as they run.
"""

import psycopg
import pytest

from registry.customers.asking import purposes
from registry.customers.asking.find import find_customers, search_customers
from registry.customers.stewarding.explain import NoLiveModel, explain
from tests import factories


def test_without_a_model_ids_and_keys_are_found_still(db: psycopg.Connection) -> None:
    link = factories.a_customer_link(db)
    sight = purposes.open_sight(db, "stewardship", actor="Sam")
    (found,) = search_customers(db, sight, str(link.customer_id))
    assert (found.id, found.by) == (link.customer_id, "id")


def test_without_a_model_nothing_is_explained_and_nobody_found(db: psycopg.Connection) -> None:
    with pytest.raises(NoLiveModel):
        explain(db, 1, 2)
    assert find_customers(db, "Jan") == []
