using System.Net;

namespace Virga.State.Tests.Api;

public sealed class KeyEndpointTests : IAsyncLifetime
{
    private StateNode _node = null!;

    public async ValueTask InitializeAsync() => _node = await StateNode.StartAsync();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData("application/json", """{"a": [1, 2]}""", "application/json")]
    [InlineData("application/geo+json", "7", "application/json")]
    [InlineData("text/plain; charset=utf-8", "grün", "text/plain; charset=utf-8")]
    [InlineData("application/x-www-form-urlencoded", "what curl sends", "text/plain; charset=utf-8")]
    [InlineData("image/png", "PNG", "application/octet-stream")]
    [InlineData(null, "anything", "application/octet-stream")]
    [InlineData("text/plain", "", "text/plain; charset=utf-8")]
    public async Task What_was_put_is_what_is_got(string? sent, string body, string got)
    {
        using var put = await _node.SendAsync("PUT", "state/k", body, sent);
        using var answer = await _node.SendAsync("GET", "state/k");

        put.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldBe(body);
        answer.Content.Headers.ContentType!.ToString().ShouldBe(got);
        answer.Headers.GetValues("Virga-State-Kind").ShouldBe(["lww"]);
        answer.Headers.ETag!.Tag.ShouldBe(put.Headers.ETag!.Tag);
    }

    [Fact]
    public async Task Sixteen_mebibytes_are_taken_and_one_byte_more_is_refused_whether_announced_or_not()
    {
        var most = new byte[16 << 20];
        new Random(7).NextBytes(most);
        using var put = await _node.SendAsync("PUT", "state/large", most, null);
        put.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _node.Client.GetByteArrayAsync("state/large", TestContext.Current.CancellationToken)).AsSpan().SequenceEqual(most).ShouldBeTrue();

        using var announced = await _node.SendAsync("PUT", "state/larger", new byte[(16 << 20) + 1], null);
        using var endless = new HttpRequestMessage(HttpMethod.Put, "state/larger") { Content = new StreamContent(new MemoryStream(new byte[(16 << 20) + 1])), Headers = { TransferEncodingChunked = true } };
        using var chunked = await _node.Client.SendAsync(endless, TestContext.Current.CancellationToken);

        (await StateNode.ProblemOfAsync(announced)).ShouldBe((413, "value-too-large", "The body has 16,777,217 bytes; 16,777,216 are allowed."));
        (await StateNode.ProblemOfAsync(chunked)).ShouldBe((413, "value-too-large", "The body has more than 16,777,216 bytes."));
        (await _node.RefusedAsync("GET", "state/larger")).Slug.ShouldBe("not-found");
    }

    [Theory]
    [InlineData("a/b/c", "a/b/c")]
    [InlineData("a%2Fb", "a/b")]
    [InlineData("a%252Fb", "a%2Fb")]
    [InlineData("a//b", "a//b")]
    [InlineData("/leading", "/leading")]
    [InlineData("gr%C3%BCn", "grün")]
    [InlineData("with%20space+plus", "with space+plus")]
    [InlineData("a%2F..%2Fb", "a/../b")]
    [InlineData("%25", "%")]
    public async Task The_rest_of_the_path_is_the_key(string path, string key)
    {
        using var put = await _node.SendAsync("PUT", "state/" + path, "v", "text/plain");
        put.StatusCode.ShouldBe(HttpStatusCode.OK);

        (await _node.AskAsync("GET", "state"))!["items"]!.AsArray().Single()!["key"]!.ToString().ShouldBe(key);
        (await _node.Client.GetStringAsync(new Uri(_node.Client.BaseAddress + "state/" + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }), TestContext.Current.CancellationToken)).ShouldBe("v");
    }

    [Theory]
    [InlineData("state/a%ZZ", "invalid-request")]
    [InlineData("state/a%", "invalid-request")]
    [InlineData("state/%FF", "invalid-key")]
    [InlineData("state/a%00b", "invalid-key")]
    [InlineData("state/a%0Ab", "invalid-key")]
    [InlineData("tenants/No/namespaces/default/state/k", "invalid-name")]
    public async Task A_path_that_names_no_key_is_refused(string path, string slug)
    {
        using var answer = await _node.SendAsync("GET", path);

        // The server itself refuses some, before anybody can say more than that.
        if (answer.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            (await StateNode.ProblemOfAsync(answer)).Slug.ShouldBe(slug);
        }

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_key_of_1024_bytes_is_taken_and_a_longer_one_refused()
    {
        await _node.AskAsync("PUT", "state/" + new string('k', 1024), "1", "application/json");

        (await _node.RefusedAsync("PUT", "state/" + new string('k', 1025), "1", "application/json")).Slug.ShouldBe("invalid-key");
    }

    [Fact]
    public async Task Tenants_and_namespaces_have_keys_of_their_own()
    {
        await _node.AskAsync("PUT", "tenants/a/namespaces/b/state/k", "1", "application/json");

        (await _node.RefusedAsync("GET", "state/k")).ShouldBe((404, "not-found", "There is no key 'k'."));
        (await _node.AskAsync("GET", "tenants/a/namespaces/b/state/k"))!.GetValue<int>().ShouldBe(1);
    }

    [Theory]
    [InlineData("application/json", "{", "invalid-body", "The body is no JSON: line 1, byte 2.")]
    [InlineData("application/json", "", "invalid-body", "The body is no JSON: line 1, byte 1.")]
    [InlineData("text/plain; charset=latin1", "x", "unsupported-media-type", "The charset 'latin1' is not read here.")]
    public async Task A_body_that_is_not_what_it_says_is_refused(string contentType, string body, string slug, string detail)
    {
        var (_, refused, why) = await _node.RefusedAsync("PUT", "state/k", body, contentType);

        refused.ShouldBe(slug);
        why.ShouldBe(detail);
        (await _node.RefusedAsync("GET", "state/k")).Slug.ShouldBe("not-found");
    }

    [Fact]
    public async Task Text_must_be_utf8()
    {
        using var answer = await _node.SendAsync("PUT", "state/k", [0xC3, 0x28], "text/plain");

        (await StateNode.ProblemOfAsync(answer)).Slug.ShouldBe("invalid-body");
    }

    [Fact]
    public async Task A_write_may_expect_a_version()
    {
        using var first = await _node.SendAsync("PUT", "state/k", "1", "application/json", ("If-None-Match", "*"));
        var version = first.Headers.ETag!.Tag;

        (await _node.RefusedAsync("PUT", "state/k", "2", "application/json", ("If-None-Match", "*"))).ShouldBe((409, "state-condition-failed", $"The key 'k' has the version {version.Trim('"')}."));
        using var second = await _node.SendAsync("PUT", "state/k", "3", "application/json", ("If-Match", version));
        second.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _node.RefusedAsync("PUT", "state/k", "4", "application/json", ("If-Match", version))).Slug.ShouldBe("state-condition-failed");
        (await _node.RefusedAsync("DELETE", "state/k", headers: ("If-Match", version))).Slug.ShouldBe("state-condition-failed");
        (await _node.RefusedAsync("PUT", "state/none", "5", "application/json", ("If-Match", version))).ShouldBe((409, "state-condition-failed", "The key 'none' does not exist."));
        (await _node.AskAsync("GET", "state/k"))!.GetValue<int>().ShouldBe(3);
        using var unchanged = await _node.SendAsync("GET", "state/k", headers: ("If-None-Match", second.Headers.ETag!.Tag));
        unchanged.StatusCode.ShouldBe(HttpStatusCode.NotModified);
    }

    [Theory]
    [InlineData("If-Match", "\"7\"")]
    [InlineData("If-Match", "*")]
    [InlineData("If-Match", "\"00000000000000000000000000000000\"")]
    [InlineData("If-None-Match", "\"0123456789abcdef0123456789abcdef\"")]
    public async Task A_condition_that_cannot_be_read_is_refused(string header, string value) =>
        (await _node.RefusedAsync("PUT", "state/k", "1", "application/json", (header, value))).Slug.ShouldBe("invalid-request");

    [Fact]
    public async Task Of_many_that_create_a_key_at_once_one_does()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(n => _node.SendAsync("PUT", "state/once", $"{n}", "application/json", ("If-None-Match", "*"))));

        answers.Count(answer => answer.StatusCode == HttpStatusCode.OK).ShouldBe(1);
        answers.Count(answer => answer.StatusCode == HttpStatusCode.Conflict).ShouldBe(31);
    }

    [Fact]
    public async Task A_value_may_go_by_itself()
    {
        await _node.AskAsync("PUT", "state/k?ttl=1h", "1", "application/json");
        using var answer = await _node.SendAsync("GET", "state/k");
        var expires = DateTimeOffset.Parse(answer.Headers.GetValues("Virga-State-Expires").Single(), System.Globalization.CultureInfo.InvariantCulture);
        (expires - DateTimeOffset.UtcNow).ShouldBeInRange(TimeSpan.FromMinutes(55), TimeSpan.FromHours(1));

        await _node.AskAsync("PUT", "state/k?ttl=1ms", "2", "application/json");

        await Eventually.HoldsAsync(async () =>
        {
            using var gone = await _node.SendAsync("GET", "state/k");
            return gone.StatusCode == HttpStatusCode.NotFound;
        });
        (await _node.RefusedAsync("PUT", "state/k?ttl=0s", "3", "application/json")).Slug.ShouldBe("invalid-request");
        (await _node.RefusedAsync("PUT", "state/k?ttl=soon", "3", "application/json")).Detail.ShouldBe("ttl is 'soon'; it must be a duration above zero.");
    }

    [Fact]
    public async Task Deleting_says_whether_there_was_something()
    {
        await _node.AskAsync("PUT", "state/k", "1", "application/json");

        (await _node.AskAsync("DELETE", "state/k"))!["existed"]!.GetValue<bool>().ShouldBeTrue();
        (await _node.AskAsync("DELETE", "state/k"))!["existed"]!.GetValue<bool>().ShouldBeFalse();
        (await _node.RefusedAsync("GET", "state/k")).Slug.ShouldBe("not-found");
    }

    [Fact]
    public async Task An_update_answers_what_it_gives()
    {
        (await _node.AskAsync("PATCH", "state/hits", """{"counter":{"increment":5}}""", "application/json"))!.GetValue<int>().ShouldBe(5);
        (await _node.AskAsync("PATCH", "state/hits", """{"counter":{"increment":-2}}"""))!.GetValue<int>().ShouldBe(3);

        using var answer = await _node.SendAsync("GET", "state/hits");
        answer.Headers.GetValues("Virga-State-Kind").ShouldBe(["counter"]);
        (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldBe("3");
        (await _node.RefusedAsync("PUT", "state/hits", "1", "application/json")).Slug.ShouldBe("state-kind-mismatch");
    }

    [Fact]
    public async Task Concurrent_increments_all_count()
    {
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => _node.AskAsync("PATCH", "state/hits", """{"counter":{"increment":1}}""")));

        (await _node.AskAsync("GET", "state/hits"))!.GetValue<int>().ShouldBe(200);
    }

    [Fact]
    public async Task Queries_look_into_a_value_and_change_nothing()
    {
        await _node.AskAsync("PATCH", "state/users", """{"set":{"add":["ada","bob"]}}""");
        using var before = await _node.SendAsync("GET", "state/users");

        (await _node.AskAsync("POST", "state/users", """{"set":{"has":"ada"}}"""))!.GetValue<bool>().ShouldBeTrue();
        (await _node.AskAsync("POST", "state/users", """{"set":"size"}"""))!.GetValue<int>().ShouldBe(2);
        (await _node.AskAsync("POST", "state/nobody", """{"set":{"has":"ada"}}"""))!.GetValue<bool>().ShouldBeFalse();

        using var after = await _node.SendAsync("GET", "state/users");
        after.Headers.ETag.ShouldBe(before.Headers.ETag);
    }

    [Theory]
    [InlineData("PATCH", "nonsense")]
    [InlineData("PATCH", """{"counter":{"increment":"x"}}""")]
    [InlineData("PATCH", """{"counter":{"increment":1},"set":{}}""")]
    [InlineData("POST", "[]")]
    [InlineData("POST", """{"oracle":1}""")]
    public async Task What_is_no_update_or_query_is_refused(string method, string body) =>
        (await _node.RefusedAsync(method, "state/k", body, "application/json")).Slug.ShouldBe("invalid-update");

    [Theory]
    [InlineData("PUT", "1")]
    [InlineData("DELETE", null)]
    [InlineData("PATCH", """{"counter":{"increment":1}}""")]
    public async Task Keys_of_the_platform_are_not_written(string method, string? body) =>
        (await _node.RefusedAsync(method, "state/$inbox/x", body, "application/json")).ShouldBe((403, "reserved-key", "The key '$inbox/x' belongs to the platform."));

    [Fact]
    public async Task Head_says_what_get_does_without_the_value()
    {
        await _node.AskAsync("PUT", "state/k", "12345", "application/json");

        using var answer = await _node.SendAsync("HEAD", "state/k");

        answer.Content.Headers.ContentLength.ShouldBe(5);
        answer.Headers.ETag.ShouldNotBeNull();
    }
}
