namespace Virga.Worker.Functions;

/// <summary>The package holds no such function. <paramref name="type"/> is the protocol's word for why.</summary>
internal sealed class FunctionLoadException(string type, string message) : Exception(message)
{
    public const string HandlerNotFound = "handler-not-found";
    public const string ModuleNotFound = "module-not-found";

    public string Type { get; } = type;
}
