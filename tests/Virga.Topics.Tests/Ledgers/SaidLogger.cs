using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Virga.Topics.Tests.Ledgers;

/// <summary>Keeps what was logged, for a test that fails to say.</summary>
internal sealed class SaidLogger : ILogger
{
    private readonly ConcurrentQueue<string> _lines = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");

    public override string ToString() => string.Join('\n', _lines);
}
