using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Core.Logging;

/// <summary>One line that a function printed, or that Virga says about it.</summary>
/// <param name="Time">When it reached the node.</param>
/// <param name="Function">Whose it is.</param>
/// <param name="Instance">Which instance printed it.</param>
/// <param name="Invocation">The call that printed it, when known.</param>
/// <param name="Level">How grave it is.</param>
/// <param name="Message">The text, without its line end.</param>
/// <param name="Fields">A structured logger's fields as a JSON object; null when there are none.</param>
public sealed record FunctionLogLine(DateTimeOffset Time, FunctionVersion Function, string Instance, InvocationId? Invocation, FunctionLogLevel Level, string Message, string? Fields = null);
