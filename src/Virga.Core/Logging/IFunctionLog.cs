namespace Virga.Core.Logging;

/// <summary>Where the lines of functions go.</summary>
public interface IFunctionLog
{
    /// <summary>Keeps a line. It never blocks: what cannot be kept is dropped and counted.</summary>
    void Write(FunctionLogLine line);
}
