using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LocalDapr;

/// <summary>JSON options of the API; like daprd, names are case-insensitive.</summary>
internal static class Json
{
    // daprd accepts 10,000 levels; 1,000 is more than any app needs and safe for the stack.
    private const int MaxDepth = 1000;

    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = MaxDepth,
    };

    public static readonly JsonDocumentOptions Document = new() { MaxDepth = MaxDepth };
}
