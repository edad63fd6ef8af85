using Virga.Functions;

public static class Hello
{
    public static object Handler(Event @event, Context context) => new { hello = "world" };
}
