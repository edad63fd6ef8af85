using System.Text;
using Virga.Core.Invocations;
using Virga.Core.Problems;

namespace Virga.Composition.Tests.Dags;

/// <summary>What a scripted function answers. It counts those that nobody has given back, and spoils the bytes of those that were, so that a late reader is noticed.</summary>
internal sealed class ScriptedResult : InvocationResult
{
    private readonly byte[] _bytes = [];
    private readonly Action<int>? _count;
    private int _disposed;

    public ScriptedResult(string body, Action<int>? count = null, int status = 200, string? contentType = null)
    {
        _count = count;
        _bytes = Encoding.UTF8.GetBytes(body);
        Body = _bytes;
        Status = status;
        Headers = contentType is null ? null : [KeyValuePair.Create("content-type", contentType)];
        count?.Invoke(1);
    }

    public ScriptedResult(Problem problem)
    {
        Problem = problem;
        Status = problem.Status;
    }

    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Array.Fill(_bytes, (byte)'#');
            _count?.Invoke(-1);
        }

        return ValueTask.CompletedTask;
    }
}
