using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace LocalDapr;

/// <summary>Writes an error as daprd's HTTP API does: JSON with <c>errorCode</c>, a message, and details where there are any.</summary>
internal static class ErrorResponse
{
    public static async Task WriteAsync(this ApiError error, HttpResponse response)
    {
        var output = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(output))
        {
            Write(json, error);
        }

        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        response.ContentLength = output.WrittenCount;
        await response.Body.WriteAsync(output.WrittenMemory);
    }

    private static void Write(Utf8JsonWriter json, ApiError error)
    {
        json.WriteStartObject();
        json.WriteString("errorCode", error.Code);
        if (error.FailedEntries is { } failed)
        {
            json.WriteStartArray("failedEntries");
            foreach (var id in failed)
            {
                json.WriteStartObject();
                json.WriteString("entryId", id);
                json.WriteString("error", error.Message);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
        else
        {
            json.WriteString("message", error.Message);
        }

        if (error.Details is { } details)
        {
            json.WriteStartArray("details");
            Write(json, details);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ErrorDetails details)
    {
        Start("ErrorInfo");
        json.WriteString("reason", details.Reason);
        json.WriteString("domain", ErrorDetails.Domain);
        json.WritePropertyName("metadata");
        JsonSerializer.Serialize(json, details.Metadata);
        json.WriteEndObject();
        if (details.ResourceType is not null)
        {
            Start("ResourceInfo");
            json.WriteString("resource_type", details.ResourceType);
            json.WriteString("resource_name", details.ResourceName);
            json.WriteString("owner", "");
            json.WriteString("description", details.ResourceDescription);
            json.WriteEndObject();
        }

        if (details.Field is not null)
        {
            Start("BadRequest");
            json.WriteStartArray("field_violations");
            json.WriteStartObject();
            json.WriteString("field", details.Field);
            json.WriteString("description", details.FieldProblem);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        void Start(string type)
        {
            json.WriteStartObject();
            json.WriteString("@type", "type.googleapis.com/google.rpc." + type);
        }
    }
}
