"""A REST source in a process of its own: records of 445 bytes, 1,000 a page, from memory."""

import json
import socket
import sys
from urllib.parse import parse_qs, urlsplit

PAGE = 1_000
RECORD_BYTES = 445


def record(number: int) -> dict[str, object]:
    """Return one customer, padded to the same length as all others."""
    found: dict[str, object] = {
        "id": number,
        "type": "PER",
        "first_name": f"Voornaam{number % 977}",
        "last_name": f"Achternaam{number % 7919}",
        "birth_date": f"{1930 + number % 80}-{1 + number % 12:02}-{1 + number % 28:02}",
        "email": f"persoon{number}@example.org",
        "phone": f"+316{number:08}",
        "address": {
            "street": f"Straat {number % 500}",
            "house_number": str(number % 200),
            "postcode": f"{1000 + number % 9000} AB",
            "city": "Havenstad",
        },
        "updated_at": "2026-05-31T12:00:00Z",
        "note": "",
    }
    found["note"] = "x" * (RECORD_BYTES - len(json.dumps(found, separators=(",", ":"))))
    return found


def pages(records: int, host: str) -> list[bytes]:
    """Return all answers, encoded."""
    made = []
    for start in range(0, records, PAGE):
        items = [record(number) for number in range(start, min(start + PAGE, records))]
        more = f"{host}/customers?page={start // PAGE + 2}" if start + PAGE < records else None
        body = json.dumps({"next": more, "items": items}, separators=(",", ":")).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        made.append(head.encode() + b"\r\n\r\n" + body)
    return made


def main() -> None:
    """Serve one connection at a time until killed; print the address first."""
    import threading

    listening = socket.create_server(("127.0.0.1", 0))
    host = f"http://127.0.0.1:{listening.getsockname()[1]}"
    answers = pages(int(sys.argv[1]), host)
    sys.stdout.write(host + "\n")
    sys.stdout.flush()

    def talk(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = connection.makefile("rb")
        while line := reader.readline():
            query = parse_qs(urlsplit(line.split()[1].decode()).query)
            while reader.readline() not in (b"\r\n", b""):
                pass
            connection.sendall(answers[int(query.get("page", ["1"])[0]) - 1])

    while True:
        connection, _ = listening.accept()
        threading.Thread(target=talk, args=(connection,), daemon=True).start()


main()
