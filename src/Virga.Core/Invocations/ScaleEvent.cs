using Virga.Core.Resources;

namespace Virga.Core.Invocations;

/// <summary>A function's instances became more or fewer by decision.</summary>
/// <param name="Time">When.</param>
/// <param name="Function">Whose.</param>
/// <param name="From">Instances wanted before.</param>
/// <param name="To">Instances wanted from now on.</param>
/// <param name="Reason">Why, as one word: <c>panic</c>, <c>idle</c>….</param>
public sealed record ScaleEvent(DateTimeOffset Time, FunctionVersion Function, int From, int To, string Reason);
