"""Behind PgBouncer in transaction mode: two transactions of one session may meet two servers, and all holds."""

import os
import pwd
from pathlib import Path

from tests import on_postgres
from tests.deploy.conftest import Deployment
from tests.deploy.load import Load
from tests.deploy.servers import Server, program


def pooler(deployment: Deployment, folder: Path) -> Server:
    """Start PgBouncer before the deployment's database, with fewer connections than threads."""
    port = on_postgres.free_port()
    database = deployment.settings["DATABASE_URL"].rpartition("/")[2]
    (folder / "users.txt").write_text('"imageskill" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{database} = host=127.0.0.1 port={deployment.cluster.port}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {folder}/users.txt\npool_mode = transaction\ndefault_pool_size = 3\n"
        "max_client_conn = 200\nserver_reset_query_always = 0\n"
    )
    folder.chmod(0o755)
    # As root it would refuse to run; it needs nothing of ours but this one file.
    account = ["-u", pwd.getpwuid(on_postgres.account().user).pw_name] if os.geteuid() == 0 else []
    return Server([program("pgbouncer"), *account, folder / "pgbouncer.ini"], port, folder)


def test_it_works_behind_pgbouncer_in_transaction_mode(deployment: Deployment) -> None:
    folder = deployment.cluster.folder / "pgbouncer"  # where its account can go
    folder.mkdir()
    before = pooler(deployment, folder)
    try:
        direct = deployment.settings["DATABASE_URL"]
        pooled = direct.replace(f":{deployment.cluster.port}/", f":{before.port}/")
        given = {"DATABASE_URL": pooled, "DATABASE_DIRECT_URL": direct}
        deployment.web(**given)
        deployment.worker(**given)
        deployment.until_fit()
        with Load(deployment.line, [deployment.line.sign_up() for _ in range(2)]) as load:
            load.after(40)
        assert load.bad() == []
        deployment.until_idle()
        assert deployment.rows("SELECT DISTINCT state FROM creative_job") == [("completed",)]
    finally:
        before.stop()
    deployment.prove()
