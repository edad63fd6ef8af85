using System.Globalization;
using System.Text;

namespace Virga.Composition.Dags.Pictures;

/// <summary>Writes SVG.</summary>
internal sealed class SvgWriter
{
    private readonly StringBuilder _text = new();

    /// <summary>A shape or text, written as it is; what comes of a user goes through <see cref="Escape"/> first.</summary>
    public void Add(FormattableString element) => _text.Append(element.ToString(CultureInfo.InvariantCulture)).Append('\n');

    /// <summary>The whole picture.</summary>
    public string Finish(double width, double height, string style, string title) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        <svg xmlns="http://www.w3.org/2000/svg" width="{width:0}" height="{height:0}" viewBox="0 0 {width:0} {height:0}" role="img">
        <title>{Escape(title)}</title>
        <style>{style}</style>
        {_text}</svg>

        """);

    /// <summary>A text as XML.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            _ = c switch
            {
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '&' => escaped.Append("&amp;"),
                '"' => escaped.Append("&quot;"),
                _ when char.IsControl(c) || char.IsSurrogate(c) => escaped.Append('?'),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    /// <summary>A text cut to a number of characters.</summary>
    public static string Shorten(string text, int most) => text.Length <= most ? text : string.Concat(text.AsSpan(0, most - 1), "…");
}
