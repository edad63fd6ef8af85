/// <summary>Counts visits of pages, in any number of instances at once.</summary>
public static class SharedCounter
{
    public static async Task<object> Handler(Event request, Context context)
    {
        string page = request.Params["page"] ?? "home";
        StateCounter visits = context.State.Counter($"shared-counter-csharp/visits/{page}");
        if (request.Method != "POST")
        {
            return new { page, visits = await visits.GetAsync() };
        }

        // Started together, the three travel to the node together.
        ValueTask<long> counted = visits.IncrementAsync();
        ValueTask<SizeChange> known = context.State.Set<string>("shared-counter-csharp/pages").AddAsync(page);
        ValueTask<SizeChange> noted = context.State.Log<Visit>("shared-counter-csharp/last", keep: 100).AppendAsync(new Visit(page, context.InvocationId));
        await known;
        await noted;
        return new { page, visits = await counted };
    }

    public sealed record Visit(string Page, string By);
}
