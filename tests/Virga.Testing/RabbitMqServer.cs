using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Virga.Testing;

/// <summary>A real RabbitMQ of the tests' own: its own folder, free loopback ports, and its own epmd, which Erlang's nodes find each other by; each stopped by its own process id.</summary>
public sealed class RabbitMqServer : IAsyncDisposable
{
    private readonly string _folder;
    private readonly string _libraries;
    private readonly int _port = FreePort();
    private readonly int _distributionPort = FreePort();
    private readonly int _epmdPort = FreePort();
    private Process? _epmd;
    private Process? _process;
    private Task<string> _output = Task.FromResult("");

    private RabbitMqServer(string folder)
    {
        _folder = folder;
        _libraries = Path.Combine(folder, "libraries");
    }

    /// <summary>How clients reach it.</summary>
    public string Url => $"amqp://guest:guest@127.0.0.1:{_port}/";

    /// <summary>Makes a server and starts it.</summary>
    public static async Task<RabbitMqServer> StartAsync()
    {
        var installed = Directory.Exists("/usr/lib/rabbitmq/lib") ? Directory.GetDirectories("/usr/lib/rabbitmq/lib", "rabbitmq_server-*") : [];
        if (installed.Length == 0)
        {
            throw new InvalidOperationException("RabbitMQ is not installed. Run ./dev setup, or: apt-get install rabbitmq-server.");
        }

        var server = new RabbitMqServer(Directory.CreateTempSubdirectory("virga-rabbitmq-").FullName);
        server.Prepare(installed[0]);
        await server.ResumeAsync();
        return server;
    }

    /// <summary>
    /// Kills its process and keeps its files, once it would know its streams again: it writes down some seconds after its first stream was made that there are any, and one that is killed before leaves them down for good.
    /// </summary>
    public async Task CrashAsync()
    {
        await StreamsRememberedAsync();
        await KillAsync(_process);
        _process = null;
    }

    /// <summary>Starts it again with the files that it has, and waits until it takes connections.</summary>
    public async Task ResumeAsync()
    {
        // Without the launcher's shell scripts, which start two more virtual machines first.
        var start = new ProcessStartInfo(
            "erl",
            ["-noinput", "-boot", "start_sasl", "-s", "rabbit", "boot", "+W", "w", "+S", "2:2", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none",
             "-syslog", "logger", "[]", "-syslog", "syslog_error_logger", "false", "-kernel", "prevent_overlapping_partitions", "false", "-kernel", "inet_dist_use_interface", "{127,0,0,1}"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder,
        };
        foreach (var (name, value) in new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["HOME"] = _folder,
            ["SYS_PREFIX"] = "",
            ["RABBITMQ_HOME"] = Path.GetDirectoryName(_libraries)!,
            ["RABBITMQ_PLUGINS_DIR"] = _libraries,
            ["ERL_LIBS"] = _libraries,
            ["RABBITMQ_NODENAME"] = $"virga{_port}@localhost",
            ["RABBITMQ_CONF_ENV_FILE"] = Path.Combine(_folder, "none.conf"),
            ["RABBITMQ_CONFIG_FILE"] = Path.Combine(_folder, "rabbitmq"),
            ["RABBITMQ_MNESIA_BASE"] = Path.Combine(_folder, "mnesia"),
            ["RABBITMQ_LOG_BASE"] = Path.Combine(_folder, "log"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(_folder, "plugins"),
            ["RABBITMQ_DIST_PORT"] = $"{_distributionPort}",
            ["ERL_EPMD_PORT"] = $"{_epmdPort}",
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            ["ERL_CRASH_DUMP_BYTES"] = "0",
        })
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        var errors = _process.StandardError.ReadToEndAsync();
        _output = _process.StandardOutput.ReadToEndAsync();
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            using var socket = new TcpClient();
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, _port);
                return;
            }
            catch (SocketException) when (!_process.HasExited && deadline.Elapsed < TimeSpan.FromSeconds(60))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20));
            }
            catch (SocketException e)
            {
                await KillAsync(_process);
                throw new InvalidOperationException($"RabbitMQ did not start: {await errors}{await _output}", e);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CrashAsync();
        await KillAsync(_epmd);
        Directory.Delete(_folder, recursive: true);
    }

    private void Prepare(string installed)
    {
        // Plugins that are not used cost seconds: each start looks through the code of all.
        Directory.CreateDirectory(_libraries);
        foreach (var library in Directory.GetDirectories(Path.Combine(installed, "plugins")))
        {
            var name = Path.GetFileName(library);
            if (!name.StartsWith("rabbitmq_", StringComparison.Ordinal) || name.StartsWith("rabbitmq_prelaunch", StringComparison.Ordinal))
            {
                Directory.CreateSymbolicLink(Path.Combine(_libraries, name), library);
            }
        }

        File.WriteAllText(Path.Combine(_folder, "none.conf"), "");
        File.WriteAllText(
            Path.Combine(_folder, "rabbitmq.conf"),
            $"""
            listeners.tcp.1 = 127.0.0.1:{_port}
            log.console = true
            log.console.level = error
            log.file = false

            """);
        _epmd = Process.Start(new ProcessStartInfo("epmd", ["-port", $"{_epmdPort}", "-address", "127.0.0.1"]))!;
    }

    // Ra, on which its stream coordinator runs, keeps its directory in two files that are written with a delay.
    private async Task StreamsRememberedAsync()
    {
        var name = $"virga{_port}@localhost";
        var folder = Path.Combine(_folder, "mnesia", name, "coordination", name);
        var waited = Stopwatch.StartNew();
        while (Directory.Exists(folder) && Directory.GetDirectories(folder).Length > 0 && !(Remembers("names.dets") && Remembers("meta.dets")))
        {
            if (waited.Elapsed > TimeSpan.FromSeconds(30))
            {
                throw new TimeoutException($"RabbitMQ has not written down in '{folder}' that it has streams.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }

        bool Remembers(string file) => File.ReadAllBytes(Path.Combine(folder, file)).AsSpan().IndexOf("rabbit_stream_coordinator"u8) >= 0;
    }

    private static async Task KillAsync(Process? process)
    {
        if (process is null)
        {
            return;
        }

        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
