using System.Text.Json.Nodes;

namespace FindMe.DemoNetworks.SigningIn;

/// <summary>The fields of a request's body, be it a form or JSON: Mastodon takes either.</summary>
internal sealed class Wish(IReadOnlyDictionary<string, string[]> fields)
{
    /// <summary>A field's only value; null where it is absent.</summary>
    public string? this[string name] => fields.TryGetValue(name, out var values) ? values[0] : null;

    /// <summary>A field's values.</summary>
    public IReadOnlyList<string> Values(string name) =>
        fields.TryGetValue(name, out var values) || fields.TryGetValue(name + "[]", out values) ? values : [];
}

/// <summary>Reads the fields of a request's body.</summary>
internal static class Wishes
{
    public static async Task<Wish> ReadWishAsync(this HttpRequest request)
    {
        if (request.HasJsonContentType())
        {
            var json = await request.ReadFromJsonAsync<JsonObject>() ?? [];
            return new Wish(json.Where(field => field.Value is not null).ToDictionary(
                field => field.Key, field => field.Value is JsonArray list ? list.Select(item => item!.ToString()).ToArray() : [field.Value!.ToString()]));
        }

        var form = await request.ReadFormAsync();
        return new Wish(form.Where(field => field.Value.Count > 0).ToDictionary(field => field.Key, field => field.Value.Select(value => value!).ToArray()));
    }
}
