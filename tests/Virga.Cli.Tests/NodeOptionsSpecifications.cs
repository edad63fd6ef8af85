using Microsoft.Extensions.Logging;
using Virga.Cli.Tests.Support;
using Virga.Configuration;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Telemetry.Metering;

namespace Virga.Cli.Tests;

public sealed class NodeOptionsSpecifications : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Without_any_configuration_a_node_has_its_defaults()
    {
        var options = await UpAsync([]);

        options.Data.ShouldBe(Path.Combine(_folder.Path, ".virga"));
        options.Gateway.ToString().ShouldBe("127.0.0.1:8080");
        options.Admin.ToString().ShouldBe("127.0.0.1:8090");
        options.Pulsar.ShouldNotBeNull().ToString().ShouldBe("127.0.0.1:6650");
        options.MaxBody.ShouldBe(ByteSize.FromMegabytes(64));
        options.Isolation.ShouldBeNull();
    }

    [Fact]
    public async Task Pulsars_clients_are_served_where_it_is_said_or_not_at_all()
    {
        (await UpAsync([], "--pulsar", "off")).Pulsar.ShouldBeNull();
        var elsewhere = await UpAsync([("VIRGA_PULSAR", "*:7650")], "--pulsar-advertised", "topics.example.org:6650");
        elsewhere.Pulsar.ShouldNotBeNull().ToString().ShouldBe("0.0.0.0:7650");
        elsewhere.PulsarAdvertised.ShouldBe("topics.example.org:6650");
    }

    [Fact]
    public async Task A_node_of_a_cluster_is_named_and_told_where_its_database_is()
    {
        var options = await UpAsync([("VIRGA_CLUSTER", "postgres://virga:s%20e@db:5433/shared")], "--node", "one", "--cluster-address", "10.0.0.5:8100", "--cluster-host", "one.internal");

        options.ClusterDatabase.ShouldBe("Host=db;Port=5433;Username=virga;Password='s e';Database=shared");
        options.Name.Value.ShouldBe("one");
        options.ClusterAddress.ToString().ShouldBe("10.0.0.5:8100");
        options.ClusterHost.ShouldBe("one.internal");
    }

    [Fact]
    public async Task An_option_wins_over_the_environment_and_that_over_the_file()
    {
        _folder.Write("etc/node.yaml", "gateway: { listen: '127.0.0.1:1', maxBody: 1MB }\ninstances: { poolSize: 1 }\ndata: store\n");

        var options = await UpAsync(
            [("VIRGA_CONFIG", "etc/node.yaml"), ("VIRGA_GATEWAY", "127.0.0.1:2"), ("VIRGA_POOL_SIZE", "2")],
            "--gateway", "127.0.0.1:3");

        options.Gateway.Port.ShouldBe(3);
        options.PoolSize.ShouldBe(2);
        options.MaxBody.ShouldBe(ByteSize.FromMegabytes(1));
        options.Data.ShouldBe(Path.Combine(_folder.Path, "etc/store"));
    }

    [Fact]
    public async Task Every_setting_is_taken_from_the_file()
    {
        _folder.Write("node.yaml", """
            data: /tmp/d
            gateway: { listen: "*:80", max-body: 2MB }
            admin: { listen: "[::1]:0" }
            packages: { maxSize: 3MB }
            instances: { isolation: process, poolSize: 0 }
            isolation: { minimum: process }
            log: { level: warn }
            drainTimeout: 5s
            telemetry: { otlpEndpoint: "http://127.0.0.1:4317" }
            prices: { currency: EUR, perMillionCalls: 0.20, perGbSecond: 0.0000166667, perFrozenGbSecond: 1e-6, per-snapshot-gb-hour: 0.0001, perGbOut: 0.09 }
            """);

        var options = await UpAsync([], "--config", "node.yaml");

        options.ShouldBe(new NodeOptions
        {
            Data = "/tmp/d",
            Gateway = System.Net.IPEndPoint.Parse("0.0.0.0:80"),
            Admin = System.Net.IPEndPoint.Parse("[::1]:0"),
            MaxBody = ByteSize.FromMegabytes(2),
            MaxPackage = ByteSize.FromMegabytes(3),
            Isolation = Isolation.Process,
            PoolSize = 0,
            LogLevel = LogLevel.Warning,
            DrainTimeout = Duration.FromSeconds(5),
            OtlpEndpoint = new Uri("http://127.0.0.1:4317"),
            Prices = new PriceSheet
            {
                Currency = "EUR",
                PerMillionCalls = 0.20m,
                PerGbSecond = 0.0000166667m,
                PerFrozenGbSecond = 0.000001m,
                PerSnapshotGbHour = 0.0001m,
                PerGbOut = 0.09m,
            },
        });
    }

    [Fact]
    public async Task The_clusters_that_topics_are_replicated_to_are_named_with_their_addresses()
    {
        _folder.Write("node.yaml", """
            cluster: { name: eu, remotes: "us=pulsar://us.example.org:6650,asia=pulsar://[::1]:7000" }
            """);

        var options = await UpAsync([("VIRGA_CONFIG", "node.yaml")]);

        options.ClusterName.ShouldBe("eu");
        options.RemoteClusters.Select(static remote => $"{remote.Name} {remote.Url.Host} {remote.Url.Port}").ShouldBe(["us us.example.org 6650", "asia ::1 7000"]);
    }

    [Fact]
    public async Task The_least_isolation_is_set_for_everyone_and_for_single_tenants()
    {
        _folder.Write("node.yaml", """
            isolation: { minimum: process }
            tenants:
              acme: { minimumIsolation: gvisor }
              plain: {}
            """);

        var options = await UpAsync([("VIRGA_CONFIG", "node.yaml")], "--minimum-isolation", "bubblewrap");

        options.IsolationMinimums.Of(ResourceName.Default).ShouldBe(Isolation.Bubblewrap);
        options.IsolationMinimums.Of(ResourceName.Parse("acme")).ShouldBe(Isolation.Gvisor);
        options.IsolationMinimums.Of(ResourceName.Parse("plain")).ShouldBe(Isolation.Bubblewrap);
    }

    [Theory]
    [InlineData("'8080' in --gateway cannot be used. It takes an address such as 127.0.0.1:8080.", "--gateway", "8080")]
    [InlineData("'127.0.0.1:99999' in --admin cannot be used.", "--admin", "127.0.0.1:99999")]
    [InlineData("'big' in --max-body cannot be used. It takes a size such as 64MB.", "--max-body", "big")]
    [InlineData("'0' in --max-package cannot be used.", "--max-package", "0")]
    [InlineData("'none' in --isolation cannot be used. It takes process, bubblewrap or gvisor.", "--isolation", "none")]
    [InlineData("'-1' in --pool-size cannot be used.", "--pool-size", "-1")]
    [InlineData("'loud' in --log-level cannot be used. It takes debug, info, warn or error.", "--log-level", "loud")]
    [InlineData("'later' in --drain-timeout cannot be used.", "--drain-timeout", "later")]
    [InlineData("'ftp://x' in --otlp-endpoint cannot be used.", "--otlp-endpoint", "ftp://x")]
    [InlineData("The value in --cluster cannot be used. It takes the URL of a PostgreSQL", "--cluster", "postgres://user:secret@/x?nonsense=1", "--node", "a")]
    [InlineData("'No Name' in --node cannot be used.", "--node", "No Name")]
    [InlineData("The node is called 'a', but belongs to no cluster. Name the cluster's PostgreSQL with --cluster URL.", "--node", "a")]
    [InlineData("The node belongs to a cluster, but has no name in it. Give it one with --node NAME.", "--cluster", "postgres://h/d")]
    [InlineData("The node has a RabbitMQ, but belongs to no cluster", "--rabbitmq", "amqp://h")]
    [InlineData("The value in --rabbitmq cannot be used. It takes the URL of a RabbitMQ, such as amqp://user:password@host:5672/vhost.", "--rabbitmq", "amqp://user:secret@host/a/b", "--cluster", "postgres://h/d", "--node", "a")]
    [InlineData("The value in --rabbitmq cannot be used.", "--rabbitmq", "http://host:5672", "--cluster", "postgres://h/d", "--node", "a")]
    [InlineData("The value in --topic-offload cannot be used. It takes the URL of a bucket", "--topic-offload", "https://name:secret@host")]
    [InlineData("'here' in --cluster-address cannot be used.", "--cluster-address", "here")]
    [InlineData("'a b' in --cluster-host cannot be used.", "--cluster-host", "a b")]
    [InlineData("'us' in --remote-cluster cannot be used. It takes names and addresses such as us=pulsar://us.example.org:6650", "--remote-cluster", "us")]
    [InlineData("'us=http://h:1' in --remote-cluster cannot be used.", "--remote-cluster", "us=http://h:1")]
    [InlineData("'us=pulsar://a:1,us=pulsar://b:2' in --remote-cluster cannot be used.", "--remote-cluster", "us=pulsar://a:1,us=pulsar://b:2")]
    [InlineData("'E U' in --cluster-name cannot be used.", "--cluster-name", "E U")]
    [InlineData("Topics can be replicated to other clusters only from one that has a name. Give it one with --cluster-name NAME.", "--remote-cluster", "us=pulsar://h:6650")]
    [InlineData("The cluster is called 'eu' for other clusters, but knows none. Name them with --remote-cluster NAME=pulsar://HOST:PORT.", "--cluster-name", "eu")]
    [InlineData("A cluster is not replicated to itself: 'eu' is its own name.", "--cluster-name", "eu", "--remote-cluster", "us=pulsar://a:1,eu=pulsar://b:2")]
    [InlineData("which --config names.", "--config", "none.yaml")]
    [InlineData("would both listen on 127.0.0.1:8090. Give one of them another port", "--gateway", "127.0.0.1:8090")]
    [InlineData("Pulsar's clients and the control API would both be served on 127.0.0.1:8090. Give one of them another port", "--pulsar", "127.0.0.1:8090")]
    [InlineData("'on' in --pulsar cannot be used. It takes an address such as 127.0.0.1:6650, or off.", "--pulsar", "on")]
    [InlineData("'topics.example.org' in --pulsar-advertised cannot be used.", "--pulsar-advertised", "topics.example.org")]
    [InlineData("which --welcome names.", "--welcome", "nowhere")]
    [InlineData("`virga up` does not know the option '--gatewy'. Did you mean `--gateway`?", "--gatewy", "x")]
    public async Task A_wrong_option_is_named_with_its_mending(string message, params string[] arguments)
    {
        var run = await new Support.Cli(_folder.Path).RunAsync(["up", .. arguments]);

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain(message);
    }

    [Fact]
    public async Task A_wrong_variable_is_named_as_the_source()
    {
        var run = await new Support.Cli(_folder.Path, ("VIRGA_POOL_SIZE", "many")).RunAsync("up");

        run.Error.ShouldBe("error: 'many' in VIRGA_POOL_SIZE cannot be used. It takes a whole number from 0 to 100. (usage)\n");
    }

    [Theory]
    [InlineData("log:\n  level: loud", "node.yaml:2: 'loud' in log.level cannot be used.")]
    [InlineData("log:\n  levle: info", "node.yaml:2: 'levle' is no known key. Did you mean 'level'?")]
    [InlineData("gatway: {}", "node.yaml:1: 'gatway' is no known key. Did you mean 'gateway'?")]
    [InlineData("prices:\n  currency: euro", "node.yaml:2: 'euro' is no currency. Write its code of three capital letters, such as EUR.")]
    [InlineData("prices:\n  perSecond: 1", "node.yaml:2: 'currency' is missing.")]
    [InlineData("prices:\n  currency: EUR\n  perSecond: -1", "node.yaml:3: '-1' is not a price from 0 to 1000000, such as 0.20, which 'perSecond' takes.")]
    [InlineData("prices:\n  currency: EUR\n  perGbSecnd: 1", "node.yaml:3: 'perGbSecnd' is no known key. Did you mean 'perGbSecond'?")]
    [InlineData("tenants: { acme: { minimumIsolation: vm } }", "'vm' is not process, bubblewrap or gvisor")]
    [InlineData("tenants: { acme: { isolation: gvisor } }", "'isolation' is no known key.")]
    [InlineData("tenants: { ACME: {} }", "'ACME' is no valid name of a tenant.")]
    [InlineData("gateway: 8080", "node.yaml:1: 'gateway' must be a mapping.")]
    public async Task A_mistake_in_the_file_is_named_with_its_line(string text, string message)
    {
        _folder.Write("node.yaml", text);

        var run = await new Support.Cli(_folder.Path).RunAsync("up", "--config", "node.yaml");

        run.Code.ShouldBe(ExitCode.Usage);
        run.Error.ShouldContain(message);
    }

    private async Task<NodeOptions> UpAsync((string, string)[] variables, params string[] arguments)
    {
        var cli = new Support.Cli(_folder.Path, variables);
        var run = await cli.RunAsync(["up", .. arguments]);
        run.Code.ShouldBe(ExitCode.Ok, run.Error);
        return cli.Started!;
    }
}
