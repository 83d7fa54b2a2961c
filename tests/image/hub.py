"""The Hub that the image speaks to: the local Hub, behind TLS with a certificate that is made for this run."""

import json
import socket
import ssl
import subprocess
import threading
import urllib.request
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Certificates:
    authority: Path
    chain: Path
    key: Path


def authority(folder):
    """Makes an authority, and a certificate of it for `localhost`."""
    made = Certificates(folder / "authority.pem", folder / "localhost.pem", folder / "localhost.key")
    authority_key = folder / "authority.key"

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *new_key, "-keyout", authority_key, "-out", made.authority, "-days", "2", "-subj", "/CN=authority")
    openssl("req", *new_key, "-keyout", made.key, "-out", "localhost.csr", "-subj", "/CN=localhost")
    (folder / "extensions").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
    signing = ("-CA", made.authority, "-CAkey", authority_key, "-CAcreateserial", "-days", "2", "-extfile", "extensions")
    openssl("x509", "-req", "-in", "localhost.csr", *signing, "-out", made.chain)
    return made


class Hub:
    """A running Hub. Its jobs are processes of this machine, so that they go on without the server."""

    def __init__(self, program, certificates):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        started = json.loads(self.process.stdout.readline())
        self.plain, self.token = started["endpoint"], started["token"]
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificates.chain, certificates.key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"https://localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()
        self.user = self.get("/api/whoami-v2")["name"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Its jobs end with it.
        self.process.stdin.close()
        self.process.wait(timeout=30)

    def get(self, path):
        request = urllib.request.Request(self.plain + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def stage(self, job_id):
        return self.get(f"/api/jobs/{self.user}/{job_id}")["status"]["stage"]

    def accept(self):
        while True:
            plain, _ = self.listener.accept()
            threading.Thread(target=self.forward, args=(plain,), daemon=True).start()

    def forward(self, plain):
        host, port = self.plain.removeprefix("http://").split(":")
        try:
            client = self.context.wrap_socket(plain, server_side=True)
            hub = socket.create_connection((host, int(port)))
        except OSError:
            plain.close()
            return
        threading.Thread(target=pass_on, args=(client, hub), daemon=True).start()
        pass_on(hub, client)


def pass_on(source, target):
    """Forwards what comes until either side ends, and ends both."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
