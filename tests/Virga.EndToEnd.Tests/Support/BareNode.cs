namespace Virga.EndToEnd.Tests.Support;

/// <summary>A node that sees a machine without the freezer, swap, runsc and slirp4netns, where the user may take them out of sight.</summary>
public sealed class BareNode : VirgaNode
{
    // In a mount namespace of the node's own: the machine keeps them.
    private const string TakeAway =
        """
        set -e
        mount -t tmpfs tmpfs "$1"
        mkdir "$1/upper" "$1/work"
        mount -t overlay overlay -o "lowerdir=/usr/bin,upperdir=$1/upper,workdir=$1/work" /usr/bin
        rm -f /usr/bin/runsc /usr/bin/slirp4netns
        mount --bind /dev/null /proc/swaps
        umount /sys/fs/cgroup/freezer
        shift
        exec "$@"
        """;

    /// <summary>Why they cannot be taken out of sight; null when they are.</summary>
    public string? Missing { get; private set; }

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Wrapper => ["unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-c", TakeAway, "bare", Layers];

    private string Layers => Directory.CreateDirectory(Path.Combine(Folder.Path, "layers")).FullName;

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        var tried = await SystemCommand.RunAsync(Wrapper[0], [.. Wrapper.Skip(1), "true"]);
        if (tried.Code != 0)
        {
            Missing = $"Parts of this machine cannot be taken out of sight: {tried.Error.Trim()}";
            return;
        }

        await base.InitializeAsync();
    }
}
