"""Why linking a table wrote no pair: an empty answer without a reason looks like a good one."""

import duckdb

from registry.customers.matching.engine import run

# Roles that tell one person of a household from another. A table with none of them may say where
# somebody lives and what the family is called: one person twice then looks just like a couple.
PERSONAL = frozenset(
    {
        "given_name",
        "initials",
        "full_name",
        "party_name",
        "birth_date",
        "birth_year",
        "gender",
        "national_id",
        "identifier",
    }
)


def why_nothing(
    con: duckdb.DuckDBPyConnection,
    *,
    roles: set[str],
    rows: int,
    pairs: int,
    customers: int,
    cut_bits: float,
) -> str | None:
    """Say why no pair was linked.

    Args:
        con: The session, with `linked_pair` as linking leaves it.
        roles: What the columns of all files were taken for.
        rows: Rows compared.
        pairs: Pairs weighed.
        customers: Groups of rows; fewer than rows where some were linked, and not written.
        cut_bits: Weight from which two rows are one customer.

    Returns:
        The reason, for people; None where two rows are missing to begin with.
    """
    if rows < 2:
        return None
    if customers < rows:
        return (
            "no row of one file is linked with one of another; rows within a file are, and without"
            " --between-only they are written"
        )
    if not roles & PERSONAL and "organisation_name" not in roles:
        return (
            "nothing is linked, for no column tells one person of a household from another:"
            " a given name or initials, a birth date, a gender or a personal number would"
        )
    if not pairs:
        return "nothing is linked, for no two rows have enough in common to be worth a comparison"
    strongest = run(con, "SELECT max(weight_bits) FROM linked_pair")[0][0]
    best = "none comes near it" if strongest is None else f"the strongest has {strongest:z.1f}"
    return (
        f"nothing is linked, for none of {pairs} pairs reaches the cut of {cut_bits:g} bits;"
        f" {best}. --all-pairs writes them"
    )
