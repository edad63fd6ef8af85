using System.Collections.Concurrent;
using Virga.Core.Names;
using Virga.Core.Resources;
using Virga.Core.Streams;

namespace Virga.Streams.Tests.Runs;

/// <summary>The stream functions that are in force.</summary>
internal sealed class TestStreams : IStreamCatalog
{
    private readonly ConcurrentDictionary<StreamName, StreamFunction> _streams = new();
    private long _versions;

    public event Action<StreamName>? Changed;

    public IReadOnlyCollection<StreamFunction> All => [.. _streams.Values];

    public static StreamName Name(string name) => new(Scope.Default, ResourceName.Parse(name));

    public StreamFunction? Find(StreamName name) => _streams.GetValueOrDefault(name);

    public void Put(string name, StreamSpec spec)
    {
        new StreamTopicRules().Check(Name(name), spec);
        _streams[Name(name)] = new StreamFunction(Name(name), Interlocked.Increment(ref _versions), spec);
        Changed?.Invoke(Name(name));
    }

    public void Remove(string name)
    {
        _streams.TryRemove(Name(name), out _);
        Changed?.Invoke(Name(name));
    }
}
