namespace Virga.Pulsar.Tests.Http;

public sealed class AdminTests : IAsyncLifetime
{
    private const string Topic = "admin/v2/persistent/public/default/t";
    private PulsarHttp _http = null!;

    public async ValueTask InitializeAsync() => _http = await PulsarHttp.StartAsync();

    public ValueTask DisposeAsync() => _http.DisposeAsync();

    [Fact]
    public async Task Partitioned_topics_are_made_counted_grown_listed_and_deleted()
    {
        (await _http.AskAsync("PUT", Topic + "/partitions", "2")).Status.ShouldBe(204);
        (await _http.AskAsync("PUT", Topic + "/partitions", "2")).Status.ShouldBe(409);
        (await _http.AskAsync("PUT", "admin/v2/persistent/public/default/u/partitions", "0")).Status.ShouldBe(406);
        (await _http.AskAsync("POST", Topic + "/partitions", "3")).Status.ShouldBe(204);
        (await _http.AskAsync("GET", Topic + "/partitions")).Body!["partitions"]!.GetValue<int>().ShouldBe(3);

        (await _http.AskAsync("GET", "admin/v2/persistent/public/default")).Body!.AsArray().Select(static name => name!.ToString())
            .ShouldBe(["persistent://public/default/t-partition-0", "persistent://public/default/t-partition-1", "persistent://public/default/t-partition-2"]);
        (await _http.AskAsync("GET", "admin/v2/persistent/public/default/partitioned")).Body!.AsArray().Select(static name => name!.ToString()).ShouldBe(["persistent://public/default/t"]);
        (await _http.AskAsync("DELETE", Topic + "/partitions")).Status.ShouldBe(204);
        (await _http.AskAsync("GET", Topic + "/partitions")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Subscriptions_are_made_skipped_reset_looked_at_and_deleted()
    {
        (await _http.AskAsync("PUT", Topic)).Status.ShouldBe(204);
        (await _http.AskAsync("PUT", Topic + "/subscription/s", "\"earliest\"")).Status.ShouldBe(204);
        (await _http.AskAsync("PUT", Topic + "/subscription/s", "\"earliest\"")).Status.ShouldBe(409);
        await PublishAsync(3);

        (await _http.AskAsync("POST", Topic + "/subscription/s/skip/1")).Status.ShouldBe(204);
        (await _http.AskAsync("GET", Topic + "/subscription/s/position/1")).Body!.ToString().ShouldBe("b");
        (await _http.AskAsync("GET", Topic + "/stats")).Body!["subscriptions"]!["s"]!["msgBacklog"]!.GetValue<int>().ShouldBe(2);
        (await _http.AskAsync("GET", Topic + "/internalStats")).Body!["numberOfEntries"]!.GetValue<int>().ShouldBe(3);
        (await _http.AskAsync("POST", Topic + "/subscription/s/skip_all")).Status.ShouldBe(204);
        (await _http.AskAsync("GET", Topic + "/subscription/s/position/1")).Status.ShouldBe(404);
        (await _http.AskAsync("POST", Topic + "/subscription/s/resetcursor/0")).Status.ShouldBe(204);
        (await _http.AskAsync("GET", Topic + "/subscription/s/position/3")).Body!.ToString().ShouldBe("c");
        (await _http.AskAsync("GET", Topic + "/subscriptions")).Body!.AsArray().Select(static name => name!.ToString()).ShouldBe(["s"]);
        (await _http.AskAsync("GET", Topic + "/lastMessageId")).Body!["entryId"]!.GetValue<long>().ShouldBe(2);
        (await _http.AskAsync("DELETE", Topic + "/subscription/s")).Status.ShouldBe(204);
        (await _http.AskAsync("DELETE", Topic + "/subscription/s")).Status.ShouldBe(404);
        (await _http.AskAsync("POST", Topic + "/terminate")).Body!["ledgerId"].ShouldNotBeNull();
    }

    [Fact]
    public async Task Stats_tell_the_backlog_and_deduplication_as_they_are()
    {
        (await _http.AskAsync("POST", "admin/v2/namespaces/public/default/retention", """{"retentionTimeInMinutes":-1,"retentionSizeInMB":-1}""")).Status.ShouldBe(204);
        (await _http.AskAsync("PUT", Topic)).Status.ShouldBe(204);
        (await _http.AskAsync("PUT", Topic + "/subscription/s", "\"earliest\"")).Status.ShouldBe(204);
        await PublishAsync(4);

        var all = (await _http.AskAsync("GET", Topic + "/stats")).Body!;
        var stored = all["storageSize"]!.GetValue<long>();
        all["backlogSize"]!.GetValue<long>().ShouldBe(stored);
        all["deduplicationStatus"]!.ToString().ShouldBe("Disabled");

        (await _http.AskAsync("POST", Topic + "/subscription/s/skip/3")).Status.ShouldBe(204);
        (await _http.AskAsync("GET", Topic + "/stats")).Body!["backlogSize"]!.GetValue<long>().ShouldBe(stored / 4);
        (await _http.AskAsync("POST", Topic + "/subscription/s/skip_all")).Status.ShouldBe(204);
        var none = (await _http.AskAsync("GET", Topic + "/stats")).Body!;
        none["backlogSize"]!.GetValue<long>().ShouldBe(0);
        none["storageSize"]!.GetValue<long>().ShouldBe(stored);

        (await _http.AskAsync("POST", "admin/v2/namespaces/public/default/deduplication", "true")).Status.ShouldBe(204);
        await PublishAsync(1);
        (await _http.AskAsync("GET", Topic + "/stats")).Body!["deduplicationStatus"]!.ToString().ShouldBe("Enabled");
    }

    [Theory]
    [InlineData("retention", """{"retentionTimeInMinutes":10,"retentionSizeInMB":-1}""")]
    [InlineData("messageTTL", "60")]
    [InlineData("deduplication", "true")]
    [InlineData("maxProducersPerTopic", "3")]
    [InlineData("autoTopicCreation", """{"allowAutoTopicCreation":true,"topicType":"partitioned","defaultNumPartitions":4}""")]
    [InlineData("replication", """["standalone"]""")]
    public async Task A_policy_reads_as_it_was_set_and_goes_when_it_is_taken_away(string policy, string value)
    {
        (await _http.AskAsync("POST", $"admin/v2/namespaces/public/default/{policy}", value)).Status.ShouldBe(204);
        (await _http.AskAsync("GET", $"admin/v2/namespaces/public/default/{policy}")).Body!.ToJsonString().ShouldBe(value);
        (await _http.AskAsync("DELETE", $"admin/v2/namespaces/public/default/{policy}")).Status.ShouldBe(204);
        (await _http.AskAsync("GET", $"admin/v2/namespaces/public/default/{policy}")).Status.ShouldBe(204);
    }

    [Fact]
    public async Task Namespaces_tenants_and_clusters_are_there()
    {
        (await _http.AskAsync("PUT", "admin/v2/tenants/acme", """{"allowedClusters":["standalone"]}""")).Status.ShouldBe(204);
        (await _http.AskAsync("PUT", "admin/v2/namespaces/acme/shop")).Status.ShouldBe(204);
        (await _http.AskAsync("PUT", "admin/v2/namespaces/acme/shop")).Status.ShouldBe(409);
        (await _http.AskAsync("GET", "admin/v2/namespaces/acme")).Body!.AsArray().Select(static name => name!.ToString()).ShouldBe(["acme/shop"]);
        (await _http.AskAsync("GET", "admin/v2/tenants")).Body!.AsArray().Select(static name => name!.ToString()).ShouldBe(["acme", "public"]);
        (await _http.AskAsync("DELETE", "admin/v2/namespaces/acme/shop")).Status.ShouldBe(204);
        (await _http.AskAsync("GET", "admin/v2/namespaces/acme")).Body!.AsArray().ShouldBeEmpty();
        (await _http.AskAsync("GET", "admin/v2/clusters")).Body!.AsArray().Count.ShouldBe(1);
        (await _http.AskAsync("GET", "admin/v2/brokers/health")).Body!.ToString().ShouldBe("ok");
    }

    [Fact]
    public async Task Schemas_have_versions()
    {
        const string path = "admin/v2/schemas/public/default/t/schema";
        (await _http.AskAsync("GET", path)).Status.ShouldBe(404);
        (await _http.AskAsync("POST", path, """{"type":"JSON","schema":"{\"type\":\"record\"}","properties":{"a":"b"}}""")).Body!["version"]!.GetValue<int>().ShouldBe(0);
        var schema = (await _http.AskAsync("GET", path)).Body!;
        schema["type"]!.ToString().ShouldBe("JSON");
        schema["data"]!.ToString().ShouldBe("""{"type":"record"}""");
        (await _http.AskAsync("POST", path, """{"type":"SOME","schema":""}""")).Status.ShouldBe(400);
    }

    [Theory]
    [InlineData("GET", "admin/v2/persistent/public/default/a%20b/stats", 412)]
    [InlineData("GET", "admin/v2/persistent/public/default/missing/stats", 404)]
    [InlineData("GET", "admin/v2/something", 404)]
    [InlineData("GET", "admin/v2/namespaces/public/default/somePolicy", 404)]
    [InlineData("POST", "admin/v2/namespaces/public/default/messageTTL", 400)]
    public async Task What_is_wrong_is_said_as_a_reason(string method, string path, int status)
    {
        var (answered, body) = await _http.AskAsync(method, path);

        answered.ShouldBe(status);
        body!["reason"]!.ToString().ShouldNotBeEmpty();
    }

    // Messages "a", "b", ... of one size, each by itself.
    private async Task PublishAsync(int count)
    {
        using var producer = await _http.ConnectAsync("ws/v2/producer/persistent/public/default/t");
        for (var i = 0; i < count; i++)
        {
            await PulsarHttp.SendAsync(producer, $$"""{"payload":"{{Convert.ToBase64String([(byte)('a' + i)])}}"}""");
            await PulsarHttp.ReceiveAsync(producer);
        }
    }
}
