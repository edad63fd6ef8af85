using Virga.Execution.Cgroups;
using Virga.Execution.Processes;

namespace Virga.Execution.Sandboxes;

/// <summary>
/// Makes network namespaces that lead to the outside. Each belongs to an unprivileged user of its own, who is not the worker's:
/// nothing in a sandbox can change its routes, and no process that handles its packets has a right on the machine.
/// </summary>
internal sealed class InternetConnector : IDisposable
{
    // Of the block that RFC 2544 keeps for benchmarks: no network of the world or of a company is hidden by it.
    private const string Network = "198.18.0.0/24";
    private const string Resolver = "198.18.0.3";
    private const string Interface = "eth0";
    private const int LargestPacket = 65520;
    private const int ReadyDescriptor = 3;
    private const int ExitDescriptor = 4;

    // Says a word when the namespace is there to be entered and one when its routes are set. Then it waits until the node closes the other end.
    private const string HoldNamespace = """echo >&3; printf '%s\n' "$2" | "$1" -4 -batch - && echo >&3 && read -r end""";
    private const string NoCoreFile = "ulimit -c 0";

    private static readonly TimeSpan s_holderTimeout = TimeSpan.FromSeconds(10);
    private static readonly Dictionary<string, string> s_environment = new(StringComparer.Ordinal) { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["LANG"] = "C.UTF-8" };
    private static readonly string[] s_programs = ["slirp4netns", "ip", "unshare", "nsenter", "setpriv"];

    private readonly ChildReaper _reaper;
    private readonly EgressRules _rules;
    private readonly string[] _becomeUser;
    private readonly bool _isRoot = Libc.EffectiveUserId() == 0;
    private readonly Lazy<ProcessSpawner> _spawner;

    /// <param name="user">Who owns the namespaces when the node is root; otherwise it is the node's own user.</param>
    internal InternetConnector(ChildReaper reaper, EgressRules rules, uint user)
    {
        _reaper = reaper;
        _rules = rules;
        string[] identity = _isRoot ? ["--reuid", $"{user}", "--regid", $"{user}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"] : [];
        _becomeUser = ["/usr/bin/setpriv", .. identity, "--no-new-privs", "--pdeathsig", "KILL", "--"];
        _spawner = new Lazy<ProcessSpawner>(() => new ProcessSpawner("virga-net-spawn", _isRoot && !TunDevice.IsForAll ? TunDevice.OpenToAllOnThisThread : null));
        ResolverConfiguration = string.Concat((rules.Resolvers.Count > 0 ? rules.Resolvers.Select(address => $"{address}") : [Resolver]).Select(address => $"nameserver {address}\n"));
        Missing = FindMissing();
    }

    /// <summary>Why no namespace can be connected, and how to mend it; null when it can, as far as is known without trying.</summary>
    internal string? Missing { get; }

    /// <summary>The <c>/etc/resolv.conf</c> of sandboxes.</summary>
    internal string ResolverConfiguration { get; }

    /// <summary>Makes a namespace whose processes are in <paramref name="cgroup"/>; returns when it can be entered, which is before it is connected.</summary>
    /// <exception cref="SandboxException">It cannot be made; the message says what to do.</exception>
    internal InternetNamespace Connect(string instanceId, Cgroup? cgroup)
    {
        if (Missing is not null)
        {
            throw new SandboxException($"The egress 'internet' is not available on this machine: {Missing}");
        }

        NetworkHelper? holder = null;
        try
        {
            holder = StartHolder(cgroup);
            return holder.SaysInTime(s_holderTimeout)
                ? new InternetNamespace(instanceId, holder, StartTranslator(holder.Pid, cgroup), entersUserNamespace: !_isRoot)
                : throw new SandboxException($"The network namespace of instance {instanceId} could not be made: {holder.ErrorOutput}");
        }
        catch (Exception failure) when (failure is SandboxException or IOException)
        {
            holder?.Abandon();
            throw failure as SandboxException ?? new SandboxException($"The network namespace of instance {instanceId} could not be made: {failure.Message}", failure);
        }
    }

    public void Dispose()
    {
        if (_spawner.IsValueCreated)
        {
            _spawner.Value.Dispose();
        }
    }

    private NetworkHelper StartHolder(Cgroup? cgroup)
    {
        string routes = string.Join('\n', _rules.Unreachable().Select(destination => $"route add unreachable {destination}"));
        return Start(cgroup, ["/usr/bin/unshare", "--user", "--map-root-user", "--net", "--", "/bin/sh", "-c", HoldNamespace, "virga-network", Program("ip"), routes]);
    }

    /// <summary>Carries the namespace's packets as sockets of an ordinary process: no rights, and nobody can connect to the inside.</summary>
    private NetworkHelper StartTranslator(int holder, Cgroup? cgroup) => Start(
        cgroup,
        [
            Program("slirp4netns"), "--configure", $"--mtu={LargestPacket}", $"--cidr={Network}", "--disable-host-loopback", "--enable-sandbox", "--enable-seccomp",
            $"--ready-fd={ReadyDescriptor}", $"--exit-fd={ExitDescriptor}", $"{holder}", Interface,
        ]);

    private NetworkHelper Start(Cgroup? cgroup, string[] command)
    {
        SocketPair? errors = null;
        SocketPair? words = null;
        try
        {
            errors = SocketPair.Create();
            words = SocketPair.Create();
            int pid = _spawner.Value.Spawn(
                GroupEntry.Wrap(cgroup, NoCoreFile, [.. _becomeUser, .. command]),
                s_environment,
                words.Theirs, errors.Theirs, errors.Theirs, words.Theirs, words.Theirs);
            var helper = new NetworkHelper(_reaper.WatchOrAbandon(pid), words.Ours, errors.Ours);
            words.Theirs.Dispose();
            errors.Theirs.Dispose();
            return helper;
        }
        catch (IOException)
        {
            words?.Dispose();
            errors?.Dispose();
            throw;
        }
    }

    private static string Program(string name) => SystemProgram.Find(name) ?? name;

    private string? FindMissing()
    {
        string[] missing = [.. s_programs.Where(program => SystemProgram.Find(program) is null)];
        if (missing.Length > 0)
        {
            return $"the program {missing[0]} does not exist; install slirp4netns, iproute2 and util-linux, or set the function's egress to none.";
        }

        return _isRoot || TunDevice.IsForThisUser ? null : "the node's user may not open /dev/net/tun; load the module tun and make the device readable and writable for all (mode 0666).";
    }
}
