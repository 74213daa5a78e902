using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LocalDapr;

/// <summary>How JSON is read and written: names without regard to case, as daprd reads them.</summary>
internal static class Json
{
    // daprd takes 10,000 levels; a thousand is far beyond any document of an app and safe on the stack.
    private const int MaxDepth = 1000;

    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = MaxDepth,
    };

    public static readonly JsonDocumentOptions Document = new() { MaxDepth = MaxDepth };
}
