"""All commands by name, each with one line of help; its module is imported when it runs.

Importing every module costs more than a second, and `townclerk --help` and the completion of a
shell need none of them.
"""

from functools import lru_cache
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from townclerk.cli.output import print_version

MODULES: Final = "townclerk.cli"
# name: (module, what it is for). A module with an `app` brings several commands.
COMMANDS: Final = {
    "demo": ("demo", "Make a town, read its systems, merge its customers, show the result."),
    "up": ("serve", "Serve pages, GraphQL and Prefect until stopped."),
    "worker": ("serve", "Run syncs as Prefect asks for them, until stopped."),
    "prefect-server": ("serve", "Run a Prefect server of its own."),
    "doctor": ("doctor", "Check this installation and say how to mend what is wrong."),
    "migrate": ("migrating", "Bring the database to this release; starting does so too."),
    "backup": ("backup", "Write the whole database into one file."),
    "restore": ("backup", "Restore a backup into an empty database, and prove it whole."),
    "landscape": ("landscape", "What the municipality runs, and how it hangs together."),
    "interfaces": ("interfaces", "Check interfaces against rule sets, with evidence."),
    "connector": ("connector", "Make connector files, try them, run them by themselves."),
    "sync": ("sync", "Read sources, page by page, into the master view."),
    "quarantine": ("quarantine", "Records that could not be used, with rule and reason."),
    "customers": ("customers", "One record for each customer, merged from the sources."),
    "documents": ("trusted", "GraphQL documents that may be asked by their hash."),
    "secret": ("secret", "Secrets of sources, sealed under a key that is not in the database."),
    "token": ("token", "API tokens: made once, shown once, kept as keyed hashes."),
}
# Commands of a group that ask files and no database: the group's other modules stay where they are.
ON_FILES: Final = {
    "customers": {"link": "linking"},
    "landscape": {
        **dict.fromkeys(("check", "diff", "portfolio"), "landscape_files"),
        "draw": "landscape_drawing",
        "export": "landscape_export",
        **dict.fromkeys(
            (
                *("gaps", "impact", "obligations", "roadmap", "suppliers"),
                *("personal-data", "duplicates", "search", "completeness"),
            ),
            "landscape_questions",
        ),
    },
}


class Later(TyperCommand):
    """A command of which only name and help are known until somebody asks for more.

    Args:
        name: As typed after `townclerk`.
        module: Module of `townclerk.cli` that holds it.
        help: One line.
    """

    def __init__(self, name: str, module: str, help: str) -> None:  # noqa: A002  # Typer's own word
        super().__init__(name=name, help=help, short_help=help, rich_markup_mode=None)
        self._module = module

    def load(self) -> Any:
        """Import the module and return the command itself."""
        module = import_module(f"{MODULES}.{self._module}")
        group = getattr(module, "app", None)
        if group is not None:
            return typer.main.get_group(group)
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(name=self.name)(getattr(module, str(self.name).replace("-", "_")))
        return typer.main.get_command(alone)

    def load_with(self, word: str) -> Any:
        """Return the group with no more commands than the module of one of them brings."""
        module = ON_FILES.get(str(self.name), {}).get(word)
        if module is None:
            return self.load()
        few = typer.Typer(help=self.help, add_completion=False, rich_markup_mode=None)
        few.callback()(_nothing)
        import_module(f"{MODULES}.{module}").add_to(few)
        return typer.main.get_group(few)

    def make_context(self, info_name: Any, args: list[str], *rest: Any, **options: Any) -> Any:
        """Hand over to the command itself."""
        command = self.load_with(args[0] if args else "")
        return command.make_context(info_name, args, *rest, **options)


def _nothing() -> None:
    """Stand for the group itself, so that one command alone is still found by its name."""


def _tell_version(asked: bool) -> None:
    if asked:
        print_version()
        raise typer.Exit


@lru_cache(maxsize=1)
def command_line() -> TyperGroup:
    """Return the whole command line."""
    app = typer.Typer(
        name="townclerk",
        help="The register of a town's systems, data sets and interfaces, and the hub that brings "
        "its customers' records into one master view.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    app.callback()(_options)
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)  # a callback makes it one
    for name, (module, purpose) in COMMANDS.items():
        group.add_command(Later(name, module, purpose))
    return group


def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Print the release and stop."
        ),
    ] = False,
) -> None:
    """Options of the command line as a whole; each acts by itself."""
