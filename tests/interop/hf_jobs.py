"""Drives a local Hub with huggingface_hub: the `hf jobs` command and the library.

Usage: hf_jobs.py LOCAL_HUB_BINARY WORK_DIRECTORY, with the Python that has huggingface_hub installed.
Prints `ok - name` or `not ok - name` for each check, and their count in the last line.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import traceback
from pathlib import Path

BINARY, WORK = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
HF = Path(sys.executable).parent / "hf"
PAGE_SIZE = 3
CLI_SECONDS = 60

hub = subprocess.Popen(
    [BINARY, "--page-size", str(PAGE_SIZE)],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    stderr=subprocess.DEVNULL,
    text=True,
)
started = json.loads(hub.stdout.readline())
ENDPOINT, TOKEN = started["endpoint"], started["token"]

# A home of its own: neither the user's login nor the harness that this runs in changes what the client does.
home = WORK / "home"
shutil.rmtree(home, ignore_errors=True)
home.mkdir(parents=True)
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": str(home),
    "HF_HOME": str(home / "hf"),
    "HF_ENDPOINT": ENDPOINT,
    "HF_TOKEN": TOKEN,
    "HF_HUB_DISABLE_EXPERIMENTAL_WARNING": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "NO_PROXY": "*",
}
os.environ.clear()
os.environ.update(ENVIRONMENT)

from huggingface_hub import HfApi, Volume, get_session  # noqa: E402 (it reads its environment when it is imported)
from huggingface_hub.errors import BadRequestError, DeviceCodeError, HfHubHTTPError, JobNotFoundError  # noqa: E402
from huggingface_hub.utils._oauth_device import refresh_access_token  # noqa: E402

api = HfApi()


def hf(*arguments, code=0, **environment):
    """Runs `hf jobs` and returns its standard output, or its standard error where it is to fail."""
    done = subprocess.run(
        [HF, "jobs", *arguments],
        env={**ENVIRONMENT, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=CLI_SECONDS,
    )
    equal(done.returncode, code, f"exit code of hf jobs {' '.join(arguments)}\n{done.stdout}{done.stderr}")
    return done.stderr if code else done.stdout


def hf_json(*arguments, **environment):
    return json.loads(hf(*arguments, "--format", "json", **environment))


def sh(script, **options):
    """Starts a job of the library's that runs a shell script."""
    return api.run_job(image="python:3.12", command=["/bin/sh", "-c", script], **options)


def finish(job):
    return api.wait_for_job(job.id, poll_interval=0.05, timeout=30)


def equal(found, expected, what="value"):
    assert found == expected, f"{what}: expected {expected!r}, found {found!r}"


def contains(text, *parts):
    for part in parts:
        assert part in text, f"expected {part!r} in {text!r}"


def fails(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"expected {kind.__name__}")


def raw(method, path, token=TOKEN, **options):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return get_session().request(method, ENDPOINT + path, headers=headers, **options)


checks = []


def check(function):
    checks.append(function)
    return function


@check
def hf_jobs_run_prints_id_log_and_completion():
    text = hf("run", "--name", "hello", "python:3.12", "/bin/sh", "-c", "echo out; echo err >&2; echo last")
    (job,) = re.findall(r"/jobs/local/([0-9a-f]{24})\b", text)
    contains(text, "name: hello", "\nout\nerr\nlast\n", f"Job {job} completed")
    assert "=====" not in text


@check
def hf_jobs_run_fails_with_the_stage_and_message_of_the_job():
    text = hf("run", "python:3.12", "/bin/sh", "-c", "echo before; exit 3", code=1)
    contains(text, "finished with stage 'ERROR': Exit code: 3")


@check
def hf_jobs_run_detached_names_the_job_by_image_and_hash():
    job = hf_json("run", "--detach", "python:3.12", "/bin/sh", "-c", "true")
    assert re.fullmatch(r"[0-9a-f]{24}", job["id"]), job
    assert re.fullmatch(r"python-3-12-[0-9a-f]{8}", job["name"]), job
    equal(job["url"], f"{ENDPOINT}/jobs/local/{job['id']}")


@check
def the_librarys_default_name_is_kept_as_a_label():
    job = api.run_job(image="python:3.12", command=["python", "-c", "print(1)"])
    equal(job.labels, {"name": "python-3-12-3212e188"})


@check
def environment_and_secrets_reach_the_job_and_secrets_come_back_as_names():
    job = hf_json(
        "run", "--detach", "-e", "AB=plain", "--secrets", "HF_TOKEN", "--secrets", "A=sesame", "python:3.12",
        "/bin/sh", "-c", 'echo "$AB $A"; [ "$HF_TOKEN" = "$0" ] && echo same', TOKEN,
    )  # fmt: skip
    text = hf("logs", "--follow", job["id"])
    equal(text.split("\n")[:2], ["plain sesame", "same"])
    (shown,) = hf_json("inspect", job["id"])
    equal(sorted(shown["secrets"]), ["A", "HF_TOKEN"])
    equal(shown["environment"], {"AB": "plain"})
    assert "sesame" not in json.dumps(shown)


@check
def the_job_knows_itself_and_its_machine():
    job = finish(sh("echo $JOB_ID $CPU_CORES $MEMORY $ACCELERATOR", flavor="a10g-small"))
    equal(list(api.fetch_job_logs(job_id=job.id)), [f"{job.id} 4 15Gi A10G"])


@check
def the_servers_environment_does_not_reach_the_job():
    job = finish(sh("env"))
    names = {line.split("=")[0] for line in api.fetch_job_logs(job_id=job.id)}
    shells_own = {"PWD", "OLDPWD", "SHLVL", "_"}
    known = {"PATH", "HOME", "TMPDIR", "JOB_ID", "CPU_CORES", "MEMORY", "ACCELERATOR"}
    equal(names - shells_own, known)


@check
def hf_jobs_inspect_shows_what_was_asked():
    job = hf_json(
        "run", "--detach", "--flavor", "t4-small", "--timeout", "1.5h", "--attempts", "2", "--label", "team=ml",
        "--label", "flag", "--expose", "8000", "--network-group", "train", "--network-alias", "master",
        "hf.co/spaces/lhoestq/duckdb", "/bin/sh", "-c", "true",
    )  # fmt: skip
    (shown,) = hf_json("inspect", job["id"])
    equal(shown["space_id"], "lhoestq/duckdb")
    equal((shown["flavor"], shown["retry"], shown["expose"]), ("t4-small", 1, [8000]))
    equal((shown["labels"]["team"], shown["labels"]["flag"]), ("ml", ""))
    equal(shown["network"], {"group": "train", "aliases": ["master"]})
    equal(shown["command"], ["/bin/sh", "-c", "true"])
    equal(shown["owner"], {"id": shown["owner"]["id"], "name": "local", "type": "user"})
    equal(shown["initiator"]["type"], "user")
    equal(raw("GET", f"/api/jobs/local/{job['id']}").json()["timeout"], 5400)


@check
def a_finished_job_has_its_times():
    job = finish(sh("sleep 1.1"))
    assert job.created_at <= job.started_at < job.finished_at, job
    equal(job.durations.running_secs, 1)
    assert job.durations.total_secs >= job.durations.running_secs + job.durations.scheduling_secs


@check
def hf_jobs_logs_prints_what_is_there_without_waiting():
    job = sh("echo one; sleep 600")
    deadline = time.monotonic() + 10
    while "RUNNING" != api.inspect_job(job_id=job.id).status.stage and time.monotonic() < deadline:
        pass
    contains(hf("logs", job.id), "one\n")
    hf("cancel", job.id)


@check
def hf_jobs_logs_tail():
    job = finish(sh("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done"))
    equal(hf("logs", "--tail", "2", job.id), "line 4998\nline 4999\n")
    equal(hf("logs", "--follow", "--tail", "1", f"local/{job.id}"), "line 4999\n")
    equal(len(list(api.fetch_job_logs(job_id=job.id))), 5000)
    equal(list(api.fetch_job_logs(job_id=job.id, tail=0)), [])


@check
def following_sees_each_line_once_and_ends_with_the_job():
    job = sh("for i in 1 2 3 4 5 6; do echo line $i; sleep 0.3; done")
    equal(list(api.fetch_job_logs(job_id=job.id, follow=True)), [f"line {i}" for i in range(1, 7)])
    equal(finish(job).status.stage, "COMPLETED")


@check
def the_log_stream_has_the_hubs_framing():
    job = finish(sh("printf 'tab\\there \\377 end'; echo; echo; printf 'no line feed'"))
    answer = raw("GET", f"/api/jobs/local/{job.id}/logs", params={"tail": 3})
    equal(answer.headers["content-type"].split(";")[0], "text/event-stream")
    events = answer.text.split("\n\n")
    equal(events.pop(), "")
    assert all(event.startswith('data: {"data":') for event in events), events
    data = [json.loads(event.removeprefix("data: ")) for event in events]
    assert re.fullmatch(r"===== Job started at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d =====", data[0]["data"]), data
    equal([event["data"] for event in data[1:]], ["tab\there \N{REPLACEMENT CHARACTER} end", "", "no line feed"])
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", event["timestamp"]) for event in data), data


@check
def hf_jobs_cancel_kills_the_whole_process_group():
    job = sh("sleep 600 & echo $!; sleep 600")
    for line in api.fetch_job_logs(job_id=job.id, follow=True):
        child = int(line)
        break
    contains(hf("cancel", job.id), job.id)
    shown = api.inspect_job(job_id=job.id)
    equal(shown.status.stage, "CANCELED")
    assert shown.finished_at is not None
    fails(ProcessLookupError, lambda: gone(child))
    contains(hf("wait", job.id, code=1), f"{job.id} (CANCELED)")


def gone(process):
    """Raises once a process is no more; an orphan may take init a moment to reap."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        os.kill(process, 0)
        status = Path(f"/proc/{process}/stat")
        if status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            raise ProcessLookupError
        time.sleep(0.05)


@check
def canceling_a_finished_job_changes_nothing():
    job = finish(sh("true"))
    api.cancel_job(job_id=job.id)
    equal(api.inspect_job(job_id=job.id).status.stage, "COMPLETED")


@check
def a_job_over_its_time_is_stopped():
    text = hf("run", "--timeout", "1s", "python:3.12", "/bin/sh", "-c", "echo on; sleep 600", code=1)
    contains(text, "stage 'ERROR': Job timeout")


@check
def a_failing_job_is_tried_again():
    job = finish(sh("echo try; exit 1", attempts=2))
    equal(job.status.stage, "ERROR")
    equal(list(api.fetch_job_logs(job_id=job.id)), ["try", "try"])
    equal(raw("GET", f"/api/jobs/local/{job.id}").json()["status"]["failureCount"], 2)


@check
def a_missing_program_is_explained_in_the_log():
    job = finish(api.run_job(image="python:3.12", command=["no-such-program"]))
    equal((job.status.stage, job.status.message), ("ERROR", "Exit code: 127"))
    contains("\n".join(api.fetch_job_logs(job_id=job.id)), "`no-such-program` is not installed on this machine")


@check
def a_uv_job_runs_or_says_how_to_install_uv():
    job = finish(api.run_uv_job("python", script_args=["-c", "print('from uv')"]))
    text = "\n".join(api.fetch_job_logs(job_id=job.id))
    if shutil.which("uv"):
        contains(text, "from uv")
        equal(job.status.stage, "COMPLETED")
    else:
        contains(text, "`uv` is not installed on this machine", "https://docs.astral.sh/uv/")
        equal(job.status.stage, "ERROR")


@check
def hf_jobs_wait_tells_how_jobs_ended():
    good, bad = sh("sleep 0.5"), sh("exit 7")
    assert re.search(rf"^{good.id} +COMPLETED\b", hf("wait", good.id, "--no-truncate"), re.MULTILINE)
    contains(hf("wait", f"local/{good.id}", f"local/{bad.id}", code=1), "1 of 2 Job(s)", f"{bad.id} (ERROR)")


@check
def hf_jobs_wait_gives_up_at_its_timeout():
    job = sh("sleep 600")
    contains(hf("wait", "--timeout", "1s", job.id, code=1), "Timed out")
    api.cancel_job(job_id=job.id)


@check
def hf_jobs_ps_shows_running_jobs_only_and_all_with_a():
    done, running = finish(sh("true")), sh("sleep 600")
    listed = hf("ps", "-q").split()
    assert running.id in listed and done.id not in listed, listed
    everything = hf("ps", "-a", "-q").split()
    assert everything.index(running.id) < everything.index(done.id), "newest first"
    equal([job["status"] for job in hf_json("ps", "--status", "running")], ["RUNNING"])
    api.cancel_job(job_id=running.id)
    contains(hf("ps", "-a", "--no-truncate"), running.id, "CANCELED")


@check
def hf_jobs_ps_filters_by_all_labels_and_by_name():
    both = sh("true", labels={"team": "ml", "kind": "a"}, name="wanted")
    sh("true", labels={"team": "ml", "kind": "b"})
    equal(hf("ps", "-a", "-q", "--label", "team=ml", "--label", "kind=a").split(), [both.id])
    equal(hf("ps", "-a", "-q", "--name", "wanted").split(), [both.id])
    contains(hf("ps", "-a", "--label", "team=none"), "No jobs matched")


@check
def lists_of_more_than_one_page_are_followed_to_their_end():
    mine = [sh("true", labels={"batch": "pages"}).id for _ in range(2 * PAGE_SIZE + 1)]
    for job in mine:
        api.wait_for_job(job, poll_interval=0.05)
    listed = api.list_jobs(status=["COMPLETED", "ERROR"], labels={"batch": "pages"})
    equal([job.id for job in listed], mine[::-1])
    first = raw("GET", "/api/jobs/local", params=[("stage", "COMPLETED"), ("label", "batch=pages")])
    equal(len(first.json()), PAGE_SIZE)
    assert first.links["next"]["url"].startswith(f"{ENDPOINT}/api/jobs/local?stage=COMPLETED&label=batch"), first.links
    equal(hf("ps", "-a", "-q", "--limit", "4", "--label", "batch=pages").split(), mine[::-1][:4])
    count = raw("GET", "/api/jobs/local/count", params={"stage": "COMPLETED"}).json()["count"]
    equal(count, len(list(api.list_jobs(status="completed"))))


@check
def hf_jobs_hardware_lists_flavors_and_prices():
    text = hf("hardware")
    contains(text, "cpu-basic", "$0.01", "l40sx8", "$23.50")
    flavors = {flavor.name: flavor for flavor in api.list_jobs_hardware()}
    equal(len(flavors), 26)
    a10g = flavors["a10g-small"]
    equal((a10g.pretty_name, a10g.cpu, a10g.ram, a10g.ephemeral_storage), ("Nvidia A10G - small", "4 vCPU", "15 GB", "110 GB"))
    equal((a10g.accelerator.quantity, a10g.accelerator.vram, a10g.unit_cost_micro_usd), ("1", "24 GB", 16667))
    equal(flavors["cpu-basic"].accelerator, None)
    equal(raw("GET", "/api/jobs/hardware", token=None).status_code, 200, "without a token")


@check
def whoami_names_the_account_and_the_tokens_role():
    account = api.whoami()
    equal((account["type"], account["name"], account["orgs"]), ("user", "local", []))
    equal(account["auth"]["accessToken"]["role"], "write")


@check
def a_wrong_token_is_unauthorized():
    wrong = "hf_" + "x" * 34
    error = fails(HfHubHTTPError, lambda: HfApi(token=wrong).whoami())
    equal(error.response.status_code, 401)
    contains(str(error), "Invalid user token")
    error = fails(HfHubHTTPError, lambda: HfApi(token=wrong).run_job(image="a", command=["true"], namespace="local"))
    equal((error.response.status_code, error.server_message), (401, "Invalid credentials in Authorization header"))
    contains(hf("ps", HF_TOKEN=wrong, code=1), "Invalid")
    equal(raw("GET", "/api/jobs/local", token=None).status_code, 401, "without a token")


@check
def an_unknown_job_or_a_wrong_namespace_is_not_found():
    nobody = "0" * 24
    error = fails(JobNotFoundError, lambda: api.inspect_job(job_id=nobody))
    equal((error.job_id, error.response.status_code), (nobody, 404))
    assert error.request_id.startswith("Root=1-"), error.request_id
    job = finish(sh("true"))
    fails(JobNotFoundError, lambda: api.inspect_job(job_id=job.id, namespace="acme"))
    fails(JobNotFoundError, lambda: api.cancel_job(job_id=nobody))
    fails(JobNotFoundError, lambda: list(api.fetch_job_logs(job_id=nobody, follow=True)))
    contains(hf("inspect", nobody, code=1), nobody)


@check
def another_namespace_is_forbidden():
    error = fails(HfHubHTTPError, lambda: sh("true", namespace="acme"))
    equal(error.response.status_code, 403)
    contains(str(error), "403 Forbidden: You don't have the required permissions", "missing permissions: job.write")


@check
def what_the_schema_forbids_is_a_bad_request():
    for options, path in [
        ({"env": {"A": "1"}}, "environment.A"),
        ({"labels": {"a b": "c"}}, "labels.a b"),
        ({"flavor": "cpu-none"}, "flavor"),
        ({"attempts": 0}, "attempts"),
        ({"volumes": [Volume(type="dataset", source="a/b", mount_path="/data")]}, "volumes: the local Hub has no"),
    ]:
        error = fails(BadRequestError, lambda: sh("true", **options))
        contains(str(error), path)
    error = fails(BadRequestError, lambda: api.run_job(image="python:3.12", command=[]))
    contains(error.server_message, "command")


@check
def unknown_fields_are_dropped_without_a_word():
    body = {"command": ["true"], "flavor": "cpu-basic", "dockerImage": "a", "timeout": 5, "tags": ["x"]}
    job = raw("POST", "/api/jobs/local", json=body)
    equal((job.status_code, job.json()["timeout"]), (200, 1800))
    assert "tags" not in job.json()


@check
def every_answer_carries_the_hubs_headers():
    for answer in [raw("GET", "/api/whoami-v2"), raw("GET", "/api/jobs/local?stage=NONE"), raw("GET", "/api/nowhere")]:
        assert re.fullmatch(r'"api";r=\d+;t=\d+', answer.headers["ratelimit"]), answer.headers
        contains(answer.headers["x-request-id"], "Root=1-")
        equal(answer.is_error, "x-error-message" in answer.headers)


def running(script, **options):
    job = sh(script, **options)
    return api.wait_for_job(job.id, stages=["RUNNING"], poll_interval=0.05, timeout=30)


@check
def hf_jobs_rerun_starts_the_same_again():
    first = finish(sh("echo $A", secrets={"A": "sesame"}, labels={"team": "ml"}, attempts=2, timeout="5m"))
    contains(hf("rerun", first.id), "sesame", "completed")
    again = hf_json("rerun", "--detach", f"local/{first.id}")
    (shown,) = hf_json("inspect", again["id"])
    equal(shown["initiator"]["type"], "duplicated-job")
    equal((shown["initiator"]["id"], shown["labels"]["team"], shown["retry"]), (first.id, "ml", 1))
    equal(raw("GET", f"/api/jobs/local/{again['id']}").json()["timeout"], 300)
    fails(JobNotFoundError, lambda: api.rerun_job(job_id="0" * 24))


@check
def hf_jobs_labels_replaces_all_or_adds_a_name():
    job = finish(sh("true", labels={"old": "1"}, name="first"))
    hf("labels", job.id, "--label", "env=prod", "--label", "flag")
    equal(api.inspect_job(job_id=job.id).labels, {"env": "prod", "flag": ""})
    hf("labels", job.id, "--name", "second")
    equal(api.inspect_job(job_id=job.id).labels, {"env": "prod", "flag": "", "name": "second"})
    equal(hf("ps", "-a", "-q", "--name", "second").split(), [job.id])
    hf("labels", job.id, "--clear")
    equal(api.inspect_job(job_id=job.id).labels or {}, {})
    contains(hf("labels", job.id, "--label", "a b=c", code=1), "labels.a b")


@check
def hf_jobs_expose_replaces_the_ports_of_a_running_job():
    job = running("sleep 600", expose=[8000])
    shown = hf_json("expose", job.id, "9000", "--public", "9001")
    equal((shown["ports"], shown["public_ports"]), ([9000, 9001], [9001]))
    urls = raw("GET", f"/api/jobs/local/{job.id}").json()["status"]["exposeUrls"]
    equal(urls, ["http://127.0.0.1:9000", "http://127.0.0.1:9001"])
    equal(hf_json("expose", job.id, "--clear")["ports"], [])
    api.cancel_job(job_id=job.id)
    error = fails(HfHubHTTPError, lambda: api.update_job_expose(job_id=job.id, expose=[8000]))
    equal(error.response.status_code, 409)


def listens(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@check
def an_exposed_port_is_reached_under_its_url():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    job = api.run_job(
        image="python:3.12", command=[sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)], expose=[port]
    )
    (url,) = raw("GET", f"/api/jobs/local/{job.id}").json()["status"]["exposeUrls"]
    deadline = time.monotonic() + 20
    while not listens(port):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    equal(get_session().get(url).status_code, 200)
    api.cancel_job(job_id=job.id)


@check
def hf_jobs_stats_shows_a_running_job_and_no_finished_one():
    job = running("while :; do :; done", flavor="t4-small")
    (sample,) = hf_json("stats", job.id)
    equal((sample["job_id"], sample["cpu_millicores"]), (job.id, 4000))
    equal(set(sample), {"job_id", "cpu_usage_pct", "cpu_millicores", "memory_used_bytes", "memory_total_bytes",
                        "rx_bps", "tx_bps", "gpus", "replica"})  # fmt: skip
    (gpu,) = sample["gpus"].values()
    equal(gpu, {"utilization": 0, "memory_used_bytes": 0, "memory_total_bytes": 16 << 30})
    contains(hf("stats"), job.id[:18])
    followed = api.fetch_job_metrics(job_id=job.id, follow=True)
    samples = [next(followed), next(followed)]
    followed.close()
    if Path("/proc/self/stat").exists():
        assert all(0 < each["cpu_usage_pct"] <= 100 and each["memory_used_bytes"] > 0 for each in samples), samples
    api.cancel_job(job_id=job.id)
    equal(list(api.fetch_job_metrics(job_id=job.id)), [])
    equal(raw("GET", f"/api/jobs/local/{job.id}/metrics").status_code, 406)


@check
def a_spent_or_wrong_refresh_token_is_refused():
    error = fails(DeviceCodeError, lambda: refresh_access_token("hf_oauth__refresh_" + "0" * 8))
    contains(str(error), "invalid_grant")


@check
def auth_check_and_billing_answer():
    equal(raw("POST", "/api/jobs/local/auth-check/write").json()["namespace"]["name"], "local")
    equal(raw("POST", "/api/jobs/acme/auth-check/read").status_code, 403)
    finish(sh("true"))
    usage = raw("GET", "/api/settings/billing/usage/jobs").json()["usage"]
    assert usage["usedMicroUsd"] >= 167 and usage["jobDetails"], usage


def scheduled(schedule, *more):
    """Schedules a job with `hf jobs scheduled run` and returns its id."""
    return hf_json("scheduled", "run", *more, schedule, "python:3.12", "/bin/sh", "-c", "echo $A; sleep 600")["id"]


@check
def hf_jobs_scheduled_run_inspect_and_delete():
    job = scheduled("0 9 * * 1", "--name", "nightly", "--secrets", "A=sesame", "--timeout", "1h", "--concurrency")
    (shown,) = hf_json("scheduled", "inspect", job)
    equal((shown["schedule"], shown["suspend"], shown["concurrency"]), ("0 9 * * 1", False, True))
    equal((shown["job_spec"]["labels"], shown["job_spec"]["secrets"]), ({"name": "nightly"}, ["A"]))
    equal((shown["job_spec"]["timeout"], shown["status"].get("last_job")), (3600, None))
    assert "sesame" not in json.dumps(shown)
    info = api.inspect_scheduled_job(scheduled_job_id=job)
    equal((info.status.next_job_run_at.weekday(), info.status.next_job_run_at.hour), (0, 9))
    hf("scheduled", "delete", job)
    hf("scheduled", "inspect", job, code=1)
    error = fails(HfHubHTTPError, lambda: api.inspect_scheduled_job(scheduled_job_id=job))
    equal(error.response.status_code, 404)


@check
def hf_jobs_scheduled_uv_run():
    job = hf_json("scheduled", "uv", "run", "@hourly", "python", "-c", "print(1)")["id"]
    (shown,) = hf_json("scheduled", "inspect", job)
    equal(shown["job_spec"]["command"][:2], ["uv", "run"])
    equal(shown["schedule"], "@hourly")
    api.delete_scheduled_job(scheduled_job_id=job)


@check
def hf_jobs_scheduled_ps_hides_what_is_suspended():
    active, paused = scheduled("@yearly", "--label", "team=ml"), scheduled("@yearly", "--suspend")
    equal(hf("scheduled", "ps", "-q").split(), [active])
    equal(sorted(hf("scheduled", "ps", "-a", "-q").split()), sorted([active, paused]))
    equal(hf("scheduled", "ps", "-a", "-q", "--label", "team=ml").split(), [active])
    hf("scheduled", "suspend", active)
    hf("scheduled", "resume", paused)
    equal(hf("scheduled", "ps", "-q").split(), [paused])
    equal(hf("scheduled", "ps", "-q", "--status", "suspended").split(), [active])
    for job in [active, paused]:
        hf("scheduled", "delete", job)
    equal(api.list_scheduled_jobs(), [])


@check
def hf_jobs_scheduled_labels_and_reschedule():
    job = scheduled("@yearly", "--label", "old=1", "--suspend")
    hf("scheduled", "labels", job, "--label", "env=prod")
    hf("scheduled", "labels", job, "--name", "daily")
    hf("scheduled", "reschedule", job, "@daily")
    info = api.inspect_scheduled_job(scheduled_job_id=job)
    equal((info.schedule, info.suspend, info.job_spec.labels), ("@daily", True, {"env": "prod", "name": "daily"}))
    error = fails(BadRequestError, lambda: api.update_scheduled_job_schedule(scheduled_job_id=job, schedule="@midnight"))
    contains(error.server_message, "schedule")
    hf("scheduled", "labels", job, "--clear")
    equal(api.inspect_scheduled_job(scheduled_job_id=job).job_spec.labels or {}, {})
    hf("scheduled", "delete", job)


@check
def hf_jobs_scheduled_trigger_runs_one_at_a_time():
    job = scheduled("@yearly", "--suspend")
    run = hf_json("scheduled", "trigger", job)["id"]
    (shown,) = hf_json("inspect", run)
    equal((shown["initiator"]["type"], shown["initiator"]["id"]), ("scheduled-job", job))
    contains(hf("scheduled", "trigger", job, code=1), "Another job is already running at the same time")
    equal(api.inspect_scheduled_job(scheduled_job_id=job).status.last_job.id, run)
    api.cancel_job(job_id=run)
    api.cancel_job(job_id=hf_json("scheduled", "trigger", job)["id"])
    hf("scheduled", "delete", job)


@check
def a_due_job_is_started_by_the_clock():
    job = scheduled("* * * * * *")
    deadline = time.monotonic() + 20
    while api.inspect_scheduled_job(scheduled_job_id=job).status.last_job is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    run = api.inspect_scheduled_job(scheduled_job_id=job).status.last_job.id
    hf("scheduled", "delete", job)
    equal(api.inspect_job(job_id=run).initiator.type, "scheduled-job")
    api.cancel_job(job_id=run)


@check
def the_hub_ends_its_jobs_and_removes_its_directory():
    job = sh("echo $$; pwd; sleep 600")
    process, directory = [line for _, line in zip(range(2), api.fetch_job_logs(job_id=job.id, follow=True))]
    hub.stdin.close()
    equal(hub.wait(timeout=10), 0)
    fails(ProcessLookupError, lambda: gone(int(process)))
    assert not Path(directory).parents[1].exists()


def main():
    failed = 0
    for function in checks:
        name = function.__name__.replace("_", " ")
        try:
            function()
            print(f"ok - {name}", flush=True)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            failed += 1
            print(f"not ok - {name}", flush=True)
            # The token is in no traceback: it is only ever a variable.
            print("".join(f"    {line}\n" for line in traceback.format_exc().splitlines()), end="", flush=True)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


try:
    sys.exit(main())
finally:
    hub.kill()
