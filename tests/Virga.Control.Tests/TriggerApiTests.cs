using System.Text.Json.Nodes;
using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Core.Streams;
using Virga.Core.Triggers;

namespace Virga.Control.Tests;

public sealed class TriggerApiTests
{
    private static readonly HttpMethod Post = HttpMethod.Post;
    private static readonly HttpMethod Put = HttpMethod.Put;
    private static readonly HttpMethod Delete = HttpMethod.Delete;
    private static readonly TriggerName Name = new(Scope.Default, ResourceName.Parse("orders"));

    [Fact]
    public async Task A_trigger_is_created_with_defaults_and_is_in_force_at_once()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("handle");
        var changes = new List<TriggerName>();
        host.Service<ITriggerCatalog>().Changed += changes.Add;

        var created = await host.SendAsync(Post, "triggers", Request("orders"), 201);

        ((string?)created["status"]!["subscription"]).ShouldBe("orders");
        ((bool)created["status"]!["missingFunction"]!).ShouldBeFalse();
        created["spec"]!["source"]!["topic"]!.ToJsonString().ShouldBe("""{"topics":["orders"],"pattern":null,"subscription":null,"type":"shared","from":"latest"}""");
        created["spec"]!["retry"]!.ToJsonString().ShouldBe("""{"attempts":5,"backoff":{"initial":"1s","max":"1m","factor":2}}""");
        created["spec"]!["batch"]!.ToJsonString().ShouldBe("""{"maxMessages":1,"maxBytes":"1MB","maxWait":"0s"}""");
        host.Service<ITriggerCatalog>().Find(Name)!.Spec.Function.ShouldBe("handle");
        changes.ShouldBe([Name]);
    }

    [Fact]
    public async Task Triggers_are_replaced_listed_and_deleted_and_survive_a_restart()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("handle");
        await host.SendAsync(Post, "triggers", Request("orders"), 201);
        await host.SendAsync(Post, "triggers", Request("orders"), 409);
        var first = host.Service<ITriggerCatalog>().Find(Name)!.Version;
        await host.SendAsync(Put, "triggers/orders", Request("orders", concurrency: 7), 200);
        host.Service<ITriggerCatalog>().Find(Name)!.Version.ShouldBeGreaterThan(first);
        await host.RestartAsync();

        host.Service<ITriggerCatalog>().Find(Name)!.Spec.Concurrency.ShouldBe(7);
        ((JsonArray)(await host.GetAsync("triggers"))["items"]!).Count.ShouldBe(1);
        await host.SendAsync(Delete, "triggers/orders", null, 204);
        host.Service<ITriggerCatalog>().Find(Name).ShouldBeNull();
        await host.GetAsync("triggers/orders", 404);
        await host.SendAsync(Delete, "triggers/orders", null, 404);
    }

    [Fact]
    public async Task A_trigger_that_cannot_be_is_refused_and_one_whose_function_goes_says_so()
    {
        await using var host = await ControlHost.StartAsync();
        (await host.SendAsync(Post, "triggers", Request("orders"), 422)).ToString().ShouldContain("There is no function");
        await host.DeployAsync("handle");
        (await host.SendAsync(Post, "triggers", new { name = "orders", spec = new { source = new { }, function = "handle" } }, 422)).ToString().ShouldContain("source");
        (await host.SendAsync(Post, "triggers", new { name = "orders", spec = new { source = new { topic = new { topics = new[] { "persistent://other/x/y" } } }, function = "handle" } }, 403)).ToString().ShouldContain("out-of-scope");
        await host.SendAsync(Post, "triggers", Request("orders"), 201);

        // As an earlier Virga left it, which deleted functions that triggers call.
        await host.Service<IMetadataStore>().CommitAsync([new MetadataOperation.Delete(new ResourceKey(ResourceKind.Function, Scope.Default, "handle"))], ControlHost.Cancellation);
        await host.RestartAsync();

        ((bool)(await host.GetAsync("triggers/orders"))["status"]!["missingFunction"]!).ShouldBeTrue();
    }

    [Fact]
    public async Task A_function_that_triggers_and_stream_functions_call_is_deleted_only_together_with_them()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("handle");
        await host.DeployAsync("other");
        await host.SendAsync(Post, "triggers", Request("orders"), 201);
        await host.SendAsync(Post, "streams", Stream("totals"), 201);
        await host.SendAsync(Delete, "functions/other", null, 204);

        var refused = await host.SendAsync(Delete, "functions/handle", null, 409);
        ((string?)refused["type"]).ShouldBe("urn:virga:problem:conflict");
        ((string?)refused["detail"]).ShouldBe("The function 'handle' is called by the trigger 'orders' and the stream function 'totals'.");
        (await host.ResolveAsync("handle")).ShouldNotBeNull();
        await host.SendAsync(Delete, "functions/handle?cascade=true", null, 204);

        host.Service<ITriggerCatalog>().All.ShouldBeEmpty();
        host.Service<IStreamCatalog>().All.ShouldBeEmpty();
        await host.GetAsync("triggers/orders", 404);
        await host.GetAsync("streams/totals", 404);
        await host.RestartAsync();
        host.Service<ITriggerCatalog>().All.ShouldBeEmpty();
        host.Service<IStreamCatalog>().All.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_function_goes_when_the_last_trigger_that_called_it_is_gone()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("handle");
        await host.SendAsync(Post, "triggers", Request("orders"), 201);
        await host.SendAsync(Delete, "functions/handle", null, 409);
        await host.SendAsync(Delete, "triggers/orders", null, 204);
        await host.SendAsync(Delete, "functions/handle", null, 204);
    }

    [Fact]
    public async Task An_alias_that_a_trigger_calls_stays()
    {
        await using var host = await ControlHost.StartAsync();
        await host.DeployAsync("handle");
        await host.SendAsync(Put, "functions/handle/aliases/canary", new { version = 1 }, 200);
        await host.SendAsync(Post, "triggers", Request("orders", function: "handle:canary"), 201);
        ((string?)(await host.SendAsync(Delete, "functions/handle/aliases/canary", null, 409))["detail"]).ShouldBe("'handle:canary' is called by the trigger 'orders'.");
        await host.SendAsync(Put, "triggers/orders", Request("orders"), 200);
        await host.SendAsync(Delete, "functions/handle/aliases/canary", null, 200);
    }

    private static object Stream(string name) => new { name, spec = new { inputs = new[] { "orders" }, function = "handle" } };

    private static object Request(string name, int? concurrency = null, string function = "handle") => new { name, spec = new { source = new { topic = new { topics = new[] { "orders" } } }, function, concurrency } };
}
