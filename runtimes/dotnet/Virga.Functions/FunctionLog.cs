namespace Virga.Functions;

/// <summary>Writes structured log lines of one call.</summary>
public sealed class FunctionLog
{
    private readonly ICall call;

    internal FunctionLog(ICall call) => this.call = call;

    /// <summary>Logs at the level <c>debug</c>.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="fields">An object whose properties become searchable fields, such as <c>new { orderId }</c>.</param>
    public void Debug(string message, object? fields = null) => call.Log(LogLevel.Debug, message, fields);

    /// <summary>Logs at the level <c>info</c>.</summary>
    /// <inheritdoc cref="Debug"/>
    public void Info(string message, object? fields = null) => call.Log(LogLevel.Info, message, fields);

    /// <summary>Logs at the level <c>warn</c>.</summary>
    /// <inheritdoc cref="Debug"/>
    public void Warn(string message, object? fields = null) => call.Log(LogLevel.Warn, message, fields);

    /// <summary>Logs at the level <c>error</c>.</summary>
    /// <inheritdoc cref="Debug"/>
    public void Error(string message, object? fields = null) => call.Log(LogLevel.Error, message, fields);
}
