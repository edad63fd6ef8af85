using System.Threading.Channels;
using Virga.Cli.Packaging;

namespace Virga.Cli.Dev;

/// <summary>Tells when the sources of a function have changed and come to rest.</summary>
internal sealed class SourceWatcher : IDisposable
{
    // Editors save in several steps; a change counts when nothing has followed it for so long.
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(120);

    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly FileSystemWatcher _watcher;
    private readonly string _root;
    private readonly string? _file;
    private readonly TimeProvider _time;

    /// <summary>Watches a folder with what is in it, or one file.</summary>
    public SourceWatcher(string path, TimeProvider time)
    {
        _time = time;
        _file = Directory.Exists(path) ? null : Path.GetFileName(path);
        _root = _file is null ? path : Path.GetDirectoryName(path)!;

        // Editors often replace a file instead of writing it, so its folder is what must be watched.
        _watcher = new FileSystemWatcher(_root)
        {
            IncludeSubdirectories = _file is null,
            NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite | NotifyFilters.Size,
        };
        _watcher.Changed += (_, change) => Notice(change.FullPath);
        _watcher.Created += (_, change) => Notice(change.FullPath);
        _watcher.Deleted += (_, change) => Notice(change.FullPath);
        _watcher.Renamed += (_, change) => Notice(change.FullPath);

        // After an overflow nobody knows what changed: then everything may have.
        _watcher.Error += (_, _) => _changes.Writer.TryWrite(true);
        _watcher.EnableRaisingEvents = true;
    }

    /// <summary>Ends when a change has come to rest.</summary>
    public async Task WaitAsync(CancellationToken cancellation)
    {
        await _changes.Reader.ReadAsync(cancellation);
        do
        {
            while (_changes.Reader.TryRead(out _))
            {
            }

            await Task.Delay(Rest, _time, cancellation);
        }
        while (_changes.Reader.TryPeek(out _));
    }

    public void Dispose() => _watcher.Dispose();

    private void Notice(string path)
    {
        var name = Path.GetRelativePath(_root, path);
        if (_file is null ? !IsIgnored(name) : name == _file)
        {
            _changes.Writer.TryWrite(true);
        }
    }

    private bool IsIgnored(string name)
    {
        var rules = IgnoreRules.Of(_root);
        var parts = name.Split('/');
        return Enumerable.Range(1, parts.Length).Any(depth => rules.Skip(string.Join('/', parts[..depth]), isFolder: depth < parts.Length));
    }
}
