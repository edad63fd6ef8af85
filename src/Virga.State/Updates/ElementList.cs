using Virga.State.Json;
using Virga.State.Lattices;

namespace Virga.State.Updates;

/// <summary>Reads the elements that an update adds and removes: each is named once.</summary>
internal sealed class ElementList
{
    private readonly HashSet<Payload> _named = [];

    /// <summary>Elements of an array, repetitions left out.</summary>
    public List<Payload> Read(JsonPlace array)
    {
        var elements = new List<Payload>();
        var here = new HashSet<Payload>();
        foreach (var place in array.Items())
        {
            var element = ElementJson.Element(place);
            if (here.Add(element))
            {
                elements.Add(Name(element, place));
            }
        }

        return elements;
    }

    /// <summary>One element, which no other part of the update names.</summary>
    public Payload Name(Payload element, JsonPlace place) => _named.Add(element) ? element : throw place.Refuse("the update names this element twice.");
}
