#!/usr/bin/env python3
"""Checks the board assets/grafana.json with a real Prometheus: each of its queries has to give numbers.

  board.py SCRAPE...     texts of `dualq-top stats --openmetrics`, in the order in which they were read

Serves the texts to a Prometheus of its own, one at each scrape, and asks it what Grafana would ask: the values of the
board's variables, and then each query. Prints a line for each, and ends with 1 if one gives nothing.
Needs the program prometheus (Debian's package of that name).
"""
import http.server
import json
import math
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

BOARD = Path(__file__).parent.parent / "assets" / "grafana.json"
TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# Long enough for all scrapes, which are a second apart.
WINDOW = "60s"


class Scrapes(http.server.BaseHTTPRequestHandler):
    """Answers with the next text each time, and with the last one from then on."""

    texts = []
    served = 0

    def do_GET(self):
        body = Path(self.texts[min(Scrapes.served, len(self.texts) - 1)]).read_bytes()
        Scrapes.served += 1
        self.send_response(200)
        self.send_header("Content-Type", TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve():
    server = http.server.HTTPServer(("127.0.0.1", 0), Scrapes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def free_port():
    with http.server.HTTPServer(("127.0.0.1", 0), Scrapes) as server:
        return server.server_address[1]


class Prometheus:
    def __init__(self, folder, target):
        config = Path(folder) / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s}\nscrape_configs:\n"
            f"  - job_name: dualq\n    static_configs: [{{targets: ['127.0.0.1:{target}']}}]\n"
        )
        port = free_port()
        self.address = f"http://127.0.0.1:{port}/api/v1/"
        self.log = Path(folder) / "log"
        with self.log.open("wb") as log:
            self.child = subprocess.Popen(
                ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address=127.0.0.1:{port}"],
                stdout=log, stderr=log,
            )

    def ask(self, path, **arguments):
        with urllib.request.urlopen(f"{self.address}{path}?{urllib.parse.urlencode(arguments)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def wait_for_scrapes(self, count):
        end = time.monotonic() + 120
        while Scrapes.served <= count:
            if self.child.poll() is not None or time.monotonic() > end:
                sys.exit(f"Prometheus did not scrape:\n{self.log.read_text()}")
            time.sleep(0.2)

    def stop(self):
        self.child.terminate()
        self.child.wait()


def variable(prometheus, query, known):
    """The first value of `label_values(SELECTOR, LABEL)`."""
    selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
    values = prometheus.ask(f"label/{label}/values", **{"match[]": filled(selector, known)})
    return values[0] if values else None


def filled(text, known):
    for name, value in known.items():
        text = text.replace(f"${name}", value)
    return text


def main():
    Scrapes.texts = sys.argv[1:] or sys.exit(__doc__)
    board = json.loads(BOARD.read_text())
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        prometheus = Prometheus(folder, serve())
        try:
            prometheus.wait_for_scrapes(len(Scrapes.texts))
            targets = prometheus.ask("targets")["activeTargets"]
            failed |= targets[0]["health"] != "up"
            print(f"scrapes: {targets[0]['health']} {targets[0]['lastError']}")
            known = {"__rate_interval": WINDOW}
            for item in board["templating"]["list"]:
                if item["type"] == "query":
                    value = variable(prometheus, item["query"], known)
                    print(f"variable {item['name']}: {value}")
                    failed |= value is None
                    known[item["name"]] = value or ""
            for panel in board["panels"]:
                for target in panel["targets"]:
                    try:
                        series = prometheus.ask("query", query=filled(target["expr"], known))["result"]
                    except urllib.error.HTTPError as error:
                        sys.exit(f"{target['expr']}: {json.load(error)['error']}")
                    numbers = [float(one["value"][1]) for one in series]
                    good = numbers and all(math.isfinite(number) for number in numbers)
                    failed |= not good
                    said = " ".join(f"{number:.6g}" for number in numbers) or "nothing"
                    print(f"{'ok' if good else 'FAILED'}: {panel['title']}, {target['legendFormat']}: {said}")
        finally:
            prometheus.stop()
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
