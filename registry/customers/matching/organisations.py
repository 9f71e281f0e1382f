"""What is compared between two records of organisations.

The household class stands for the premises here: companies that share a building, a telephone
exchange and a mail domain, and are not one company.
"""

from registry.customers.matching.levels import (
    ADDRESS,
    IDENTIFIER,
    PHONE,
    PLACE,
    SOURCE,
    Comparison,
    Level,
    either,
)

ORGANISATION = (
    Comparison(
        name="name",
        missing=either("name"),
        levels=(
            Level("exact", "l.name = r.name", 0.6),
            Level("same_words", "l.sorted_words = r.sorted_words", 0.05),
            Level(
                "contained",
                "length(least(l.name, r.name)) >= 3 AND"
                " (list_has_all(l.words, r.words) OR list_has_all(r.words, l.words))",
                0.1,
            ),
            Level("close", "jaro_winkler_similarity(l.sorted_words, r.sorted_words) >= 0.92", 0.1),
            Level("shared_words", "len(list_intersect(l.words, r.words)) >= 2", 0.05),
            Level(
                "similar",
                "jaro_winkler_similarity(l.name, r.name) >= 0.8 OR l.words[1] = r.words[1]",
                0.05,
            ),
        ),
        differs=0.05,
        personal=True,
        frequency="name",
        counted="name",
    ),
    Comparison(
        name="chamber_number",
        missing=either("chamber_number"),
        levels=(Level("exact", "l.chamber_number = r.chamber_number", 0.97),),
        differs=0.03,
        personal=True,
        counted="chamber_number",
    ),
    IDENTIFIER,
    Comparison(
        name="email",
        missing=either("email"),
        levels=(
            Level("exact", "l.email = r.email", 0.5),
            Level("domain", "l.email_domain = r.email_domain", 0.2),
        ),
        differs=0.3,
        frequency="email",
        counted="email",
    ),
    PHONE,
    ADDRESS,
    PLACE,
    SOURCE,
)
