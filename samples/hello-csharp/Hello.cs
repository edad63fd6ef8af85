public static class Hello
{
    public static object Handler(Event request, Context context)
    {
        string name = request.Query["name"] ?? "world";
        context.Log.Info("greeting", new { name });
        return new { message = $"Hello, {name}!" };
    }
}
