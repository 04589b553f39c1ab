# shellcheck shell=sh
# A Python server: three busy threads and one that answers, to a client that asks every 2 to 6 ms.
# packages: python3-minimal libpython3.11-stdlib
# programs: /usr/bin/python3.11
# files: /usr/lib/python3.11/*.py /usr/lib/python3.11/encodings/*.py /usr/lib/python3.11/collections/*.py /usr/lib/python3.11/re/*.py /usr/lib/python3.11/importlib/*.py
prepare() {
    cat >/tmp/server.py <<'END'
import socket, sys, threading
sys.stdout.reconfigure(line_buffering=True)
def busy():
    number = 1
    while True:
        number = (number * 1103515245 + 12345) % 2147483648
def answer(listener):
    connection, _ = listener.accept()
    while True:
        word = connection.recv(64)
        if not word:
            return
        connection.sendall(word)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", 7777))
listener.listen()
for _ in range(3):
    threading.Thread(target=busy, daemon=True).start()
print("listens")
while True:
    answer(listener)
END
    cat >/tmp/client.py <<'END'
import socket, time
connection = socket.create_connection(("127.0.0.1", 7777))
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
times, seed, end = [], 1, time.monotonic() + 3
while time.monotonic() < end:
    seed = (seed * 1103515245 + 12345) % 2147483648
    time.sleep(0.002 + 0.004 * seed / 2147483648)
    begun = time.monotonic()
    connection.sendall(b"ping")
    connection.recv(64)
    times.append(1000 * (time.monotonic() - begun))
times.sort()
print("per_second", len(times) / 3)
print("p50_ms", times[len(times) // 2])
print("p99_ms", times[len(times) * 99 // 100])
print("units", len(times))
END
    serve python3.11 -S -E /tmp/server.py
    wait_for grep -q listens /tmp/server.log
}
run() {
    python3.11 -S -E /tmp/client.py >/tmp/figures
    while read -r name value; do figure "$name" "$value"; done </tmp/figures
}
