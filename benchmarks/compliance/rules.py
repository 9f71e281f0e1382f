"""The rule engine against Spectral: the same findings, and the time they take."""

from benchmarks.compliance.identity import DATA, compare_sets
from benchmarks.compliance.speed import FILES, measure
from benchmarks.figures import Figure

SETS = ("oas", "adr", "haalcentraal", "owasp")


def run() -> list[Figure]:
    """Compare findings and time warm checks; without the shared data there is nothing to do."""
    if not DATA.is_dir():
        return []
    figures = []
    for name, result in compare_sets(SETS).items():
        totals = result["totals"]
        how = (
            f"findings of Spectral 6.16.3 on the corpus, compared in code, severity, path, message "
            f"and range; {totals['outside_words']} more differ only in words about files that we "
            f"refuse to fetch; on {totals['spectral_crashed']} files Spectral itself crashed"
        )
        figures += [
            Figure(f"{name}: equal findings", totals["equal"], "", "", how),
            Figure(f"{name}: missing findings", totals["missing"], "", "<= 0", how),
            Figure(f"{name}: extra findings", totals["extra"], "", "<= 0", how),
        ]
    for result in measure(FILES):
        figures.append(
            Figure(
                f"{result['file']}, {result['bytes'] / 1000:,.0f} kB: adr-logius and spectral:oas",
                result["total_seconds"],
                "s CPU",
                f"<= {result['limit_seconds']}",
                "warm, parsing included, in this process; peak memory so far "
                f"{result['peak_megabytes']} MB",
            )
        )
    return figures
