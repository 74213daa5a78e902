using System.Text.Json.Nodes;

namespace FindMe.DemoNetworks.Authentication;

/// <summary>The fields of a request body, which can be a form or JSON.</summary>
internal sealed class RequestFields(IReadOnlyDictionary<string, string[]> fields)
{
    /// <summary>Returns a field's first value; null when it is absent.</summary>
    public string? this[string name] => fields.TryGetValue(name, out var values) ? values[0] : null;

    /// <summary>Returns all values of a field, named with or without <c>[]</c>.</summary>
    public IReadOnlyList<string> Values(string name) =>
        fields.TryGetValue(name, out var values) || fields.TryGetValue(name + "[]", out values) ? values : [];
}

internal static class RequestFieldsReader
{
    public static async Task<RequestFields> ReadFieldsAsync(this HttpRequest request)
    {
        if (request.HasJsonContentType())
        {
            var json = await request.ReadFromJsonAsync<JsonObject>() ?? [];
            return new RequestFields(json.Where(field => field.Value is not null).ToDictionary(
                field => field.Key, field => field.Value is JsonArray list ? list.Select(item => item!.ToString()).ToArray() : [field.Value!.ToString()]));
        }

        var form = await request.ReadFormAsync();
        return new RequestFields(form.Where(field => field.Value.Count > 0).ToDictionary(field => field.Key, field => field.Value.Select(value => value!).ToArray()));
    }
}
