"""WeCom through a client that others wrote: wechatpy's `work` client finds what the world holds."""

from collections.abc import Iterator

import pytest
from wechatpy.exceptions import APILimitedException, WeChatClientException
from wechatpy.work import WeChatClient

from siyu.sandbox.server.apps import App
from tests.sandbox.server.conftest import Running, running, write_world
from tests.sandbox.server.wecom_world import AT, TABLES


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(write_world(tmp_path_factory.mktemp("world"), TABLES), at=AT) as server:
        yield server


@pytest.fixture
def sandbox(served: Running) -> Running:
    served.admin.post("/reset")
    return served


def client_of(sandbox: Running, app: App) -> WeChatClient:
    """The client writes the platform's host into its request for a token; all else is its own."""
    base = f"{sandbox.base}/wecom/cgi-bin/"

    class Pointed(WeChatClient):  # type: ignore[misc] # wechatpy has no annotations
        API_BASE_URL = base

        def fetch_access_token(self) -> object:
            query = {"corpid": self.corp_id, "corpsecret": self.secret}
            return self._fetch_access_token(url=f"{base}gettoken", params=query)

    client = Pointed(app.app_id, app.secret)
    client._http.trust_env = False
    return client


@pytest.fixture
def client(sandbox: Running) -> WeChatClient:
    return client_of(sandbox, sandbox.app("wecom"))


def test_wechatpy_fetches_a_token_and_again_when_it_was_revoked(
    sandbox: Running, client: WeChatClient
) -> None:
    first = client.access_token
    sandbox.fault("token_revoked", endpoint="*/get_follow_user_list", times=1)
    assert client.external_contact.get_follow_user_list()["follow_user"] == ["guide01", "guide02", "boss01"]
    assert client.access_token != first


def test_wechatpy_cannot_fetch_a_token_with_a_wrong_secret(sandbox: Running) -> None:
    app = sandbox.app("wecom")
    wrong = client_of(sandbox, App(channel="wecom", label="", app_id=app.app_id, secret="wrong"))  # noqa: S106
    with pytest.raises(WeChatClientException) as refused:
        wrong.fetch_access_token()
    assert refused.value.errcode == 40001


def test_wechatpy_lists_departments_and_users(client: WeChatClient) -> None:
    assert [row["id"] for row in client.department.list()] == [1, 2, 3, 4, 5]
    users = client.user.list(1, fetch_child=True)
    assert [user["userid"] for user in users] == ["guide01", "guide02", "boss01"]
    assert [user["name"] for user in client.user.list(3, simple=True)] == ["王一", "王三"]


def test_wechatpy_lists_contacts_and_their_details(client: WeChatClient) -> None:
    assert client.external_contact.list("guide01")["external_userid"] == ["wmAAA1", "wmAAA2", "wmAAA3"]
    detail = client.external_contact.get("wmAAA1")
    assert [row["userid"] for row in detail["follow_user"]] == ["guide01", "guide02"]
    rows = list(client.external_contact.gen_all_by_user("guide01", 1))
    assert [row["external_contact"]["external_userid"] for row in rows] == ["wmAAA1", "wmAAA2", "wmAAA3"]


def test_wechatpy_marks_a_tag_and_finds_it(client: WeChatClient) -> None:
    groups = client.external_contact.get_corp_tag_list()["tag_group"]
    assert [tag["name"] for group in groups for tag in group["tag"]] == ["金", "银", "42"]
    client.external_contact.mark_tag("guide01", "wmAAA2", add_tag=["etA2"])
    [follow] = client.external_contact.get("wmAAA2")["follow_user"]
    assert [tag["tag_name"] for tag in follow["tags"]] == ["银"]


def test_wechatpy_reads_groups_and_their_statistics(client: WeChatClient) -> None:
    chats = client.external_contact_group_chat
    assert [row["chat_id"] for row in chats.list_all(limit=1)] == ["wrG1", "wrG2", "wrG4"]
    assert len(chats.get("wrG1")["group_chat"]["member_list"]) == 3
    assert (
        chats.statistic(1772121600, owner_userid_list=["guide02"])["items"][0]["data"]["member_total"] == 40
    )


def test_wechatpy_reads_behaviour_data(client: WeChatClient) -> None:
    [row] = client.external_contact.get_user_behavior_data(["guide01"], 1772121600, 1772121600)[
        "behavior_data"
    ]
    assert (row["chat_cnt"], row["reply_percentage"], row["avg_reply_time"]) == (12, 91.5, 3)


def test_wechatpy_makes_a_mass_message_and_lists_who_left_customers_behind(client: WeChatClient) -> None:
    template = {
        "chat_type": "single",
        "external_userid": ["wmAAA1"],
        "sender": "guide01",
        "text": {"content": "你好"},
    }
    made = client.external_contact.add_msg_template(template)
    assert (made["fail_list"], bool(made["msgid"])) == ([], True)
    [left] = client.external_contact.get_unassigned_list()["info"]
    assert left["handover_userid"] == "left01"


def test_wechatpy_is_told_of_the_rate_limit_in_the_words_it_knows(
    sandbox: Running, client: WeChatClient
) -> None:
    sandbox.limits("wecom", {"calls": 2, "seconds": 60, "blocked_seconds": 60})
    client.external_contact.get_follow_user_list()
    client.external_contact.get_follow_user_list()
    with pytest.raises(APILimitedException):
        client.external_contact.get_follow_user_list()
