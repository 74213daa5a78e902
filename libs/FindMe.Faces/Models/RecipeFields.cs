using System.Text.Json;

namespace FindMe.Faces;

/// <summary>Reads a JSON object of a recipe field by field. Errors name the path of the missing, unknown or wrong field.</summary>
/// <remarks>
/// System.Text.Json's serializer would take fewer lines, but its 100 ms of warm-up are a third of a process's start until its models are
/// loaded (bench/RESULTS.md).
/// </remarks>
internal readonly struct RecipeFields
{
    private readonly JsonElement _object;
    private readonly string _path;

    /// <param name="value">The object.</param>
    /// <param name="path">Path of the object with a trailing dot; empty for the root.</param>
    /// <param name="known">Names of the allowed fields.</param>
    /// <exception cref="JsonException">The value is not an object, or has an unknown field.</exception>
    public RecipeFields(JsonElement value, string path, params ReadOnlySpan<string> known)
    {
        (_object, _path) = (value, path);
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException($"{(path.Length == 0 ? "the recipe" : path.TrimEnd('.'))} must be an object");
        }

        foreach (var field in value.EnumerateObject())
        {
            if (!known.Contains(field.Name))
            {
                throw new JsonException($"{path}{field.Name} is not a field of a recipe");
            }
        }
    }

    public string Text(string field) => Get(field, JsonValueKind.String, "a string").GetString()!;

    public float Number(string field) => ToNumber(Get(field, JsonValueKind.Number, "a number"), field);

    public int WholeNumber(string field) => ToWholeNumber(Get(field, JsonValueKind.Number, "a whole number"), field);

    public bool Flag(string field) => Get(field) switch
    {
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw MustBe(field, "true or false"),
    };

    /// <summary>Reads an enum value written in kebab case.</summary>
    public T Choice<T>(string field)
        where T : struct, Enum
    {
        var text = Text(field);
        foreach (var value in Enum.GetValues<T>())
        {
            if (WordOf(value) == text)
            {
                return value;
            }
        }

        throw MustBe(field, string.Join(" or ", Enum.GetValues<T>().Select(WordOf)));

        static string WordOf(T value) => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
    }

    public float[] Numbers(string field)
    {
        var numbers = new List<float>();
        foreach (var value in Get(field, JsonValueKind.Array, "an array of numbers").EnumerateArray())
        {
            numbers.Add(ToNumber(value, field));
        }

        return [.. numbers];
    }

    public int[] WholeNumbers(string field)
    {
        var numbers = new List<int>();
        foreach (var value in Get(field, JsonValueKind.Array, "an array of whole numbers").EnumerateArray())
        {
            numbers.Add(ToWholeNumber(value, field));
        }

        return [.. numbers];
    }

    public RecipeFields Object(string field, params ReadOnlySpan<string> known) => new(Get(field), $"{_path}{field}.", known);

    public List<RecipeFields> Objects(string field, params ReadOnlySpan<string> known)
    {
        var objects = new List<RecipeFields>();
        foreach (var value in Get(field, JsonValueKind.Array, "an array").EnumerateArray())
        {
            objects.Add(new RecipeFields(value, $"{_path}{field}[{objects.Count}].", known));
        }

        return objects;
    }

    private JsonElement Get(string field) =>
        _object.TryGetProperty(field, out var value) ? value : throw new JsonException($"{_path}{field} is missing");

    private JsonElement Get(string field, JsonValueKind kind, string expected) =>
        Get(field) is var value && value.ValueKind == kind ? value : throw MustBe(field, expected);

    private float ToNumber(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out var number) && float.IsFinite(number) ? number : throw MustBe(field, "a number");

    private int ToWholeNumber(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : throw MustBe(field, "a whole number");

    private JsonException MustBe(string field, string expected) => new($"{_path}{field} must be {expected}");
}
