using Virga.Functions;

namespace Virga.Worker.Functions;

/// <summary>A user's method, bound so that calling it costs no reflection in the usual shapes.</summary>
internal sealed class Handler(Func<Event, Context, object?> method, ResultReader result)
{
    /// <summary>Calls the method; the result is complete when the method did not have to wait.</summary>
    public ValueTask<object?> Invoke(Event request, Context context) => result.Read(method(request, context));
}
