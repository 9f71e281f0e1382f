"""How a file is refused: which file, which line, which object, and what to do."""

from schemas.errors import InvalidInput

# A refusal lists some of the faults, not ten thousand.
FAULTS_SHOWN_MAX = 20


class ModelFileRefused(InvalidInput):
    """A model file cannot be read, or says something that cannot be.

    Args:
        what: What is wrong.
        file: Name of the file as the person knows it.
        line: Line of the file, from 1; 0 where there is none.
        thing: Id or name of the object concerned.
    """

    code = "model_file_refused"
    remedy = "Mend the file at the place named, or export it again from the tool it comes from."

    def __init__(
        self, what: str, *, file: str, line: int = 0, thing: str = "", remedy: str | None = None
    ) -> None:
        place = f"{file}, line {line}" if line else file
        super().__init__(f"{place}: {what}", remedy=remedy, file=file, line=line, thing=thing)
        self.line = line
        self.thing = thing


class FileTooLarge(ModelFileRefused):
    """A file is larger, deeper or more numerous than any model we know of needs."""

    code = "model_file_too_large"
    remedy = "Export a smaller part of the model, or ask for a higher limit if the model is real."
