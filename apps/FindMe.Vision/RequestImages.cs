using FindMe.Hosting;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace FindMe.Vision;

/// <summary>
/// The pictures of a request, in any of the supported forms: JSON with <c>image</c> or <c>images</c> in base64 (RFC 4648, or a
/// data: URL), multipart/form-data with files named <c>image</c>, or the picture itself as the body.
/// </summary>
internal sealed class RequestImages : IDisposable
{
    private readonly JsonDocument? _json;
    private readonly IFormCollection? _form;

    private RequestImages(IReadOnlyList<byte[]> images, bool isBatch, JsonDocument? json, IFormCollection? form)
    {
        Images = images;
        IsBatch = isBatch;
        _json = json;
        _form = form;
    }

    /// <summary>The pictures' bytes, at least one picture. Only a decoder can tell whether they are valid.</summary>
    public IReadOnlyList<byte[]> Images { get; }

    /// <summary>Whether the request can contain several pictures, so that the response is a list.</summary>
    public bool IsBatch { get; }

    /// <summary>The body if it is a JSON object, else null. Valid until this object is disposed.</summary>
    public JsonElement? Json => _json?.RootElement;

    /// <summary>Reads a form's text field, or the text of a file; null if there is neither.</summary>
    public async Task<string?> TryReadFieldAsync(string name, CancellationToken cancellationToken)
    {
        if (_form?.Files.GetFile(name) is { } file)
        {
            using var reader = new StreamReader(file.OpenReadStream());
            return await reader.ReadToEndAsync(cancellationToken);
        }

        return _form is not null && _form.TryGetValue(name, out var text) && !StringValues.IsNullOrEmpty(text) ? text.ToString() : null;
    }

    /// <summary>Reads the only picture of a request.</summary>
    /// <exception cref="RequestException">The request has no picture, or several.</exception>
    public static async Task<byte[]> ReadOneAsync(HttpContext context, CancellationToken cancellationToken)
    {
        using var request = await ReadAsync(context, cancellationToken);
        return request.Images.Count == 1 ? request.Images[0] : throw new RequestException(400, "several-images", "The request has several pictures.", "Send one at a time.");
    }

    /// <summary>Reads a request.</summary>
    /// <exception cref="RequestException">The request has no picture, too many, invalid base64, or an unsupported content type.</exception>
    public static async Task<RequestImages> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var request = context.Request;
        var type = request.ContentType?.Split(';', 2)[0].Trim().ToLowerInvariant() ?? "";
        var read = type switch
        {
            "application/json" => await ReadJsonAsync(request, "image", "images", cancellationToken),
            "multipart/form-data" => await ReadFormAsync(request, cancellationToken),
            "" or "application/octet-stream" or ['i', 'm', 'a', 'g', 'e', '/', ..] => new RequestImages([await ReadBytesAsync(request, cancellationToken)], isBatch: false, null, null),
            _ => throw new RequestException(
                415, "unsupported-media-type", $"The content type {type} is not supported.", "Send a picture as image/*, as multipart/form-data, or as base64 in JSON."),
        };
        var limit = context.RequestServices.GetRequiredService<IOptions<VisionOptions>>().Value.MaxImages;
        if (read.Images.Count is 0 || read.Images.Count > limit)
        {
            var count = read.Images.Count;
            read.Dispose();
            throw count == 0
                ? new RequestException(400, "no-image", "The request has no picture.", "Send it as the body, as the field image of a form, or as base64 in the JSON member image.")
                : new RequestException(413, "too-large", $"The request has {count} pictures.", $"Send at most {limit} at a time.");
        }

        return read;
    }

    /// <summary>Reads a JSON object with one picture in a given member.</summary>
    /// <exception cref="RequestException">The body is not a JSON object, or the picture is missing or not base64.</exception>
    public static Task<RequestImages> ReadJsonAsync(HttpRequest request, string image, CancellationToken cancellationToken) =>
        ReadJsonAsync(request, image, null, cancellationToken);

    public void Dispose() => _json?.Dispose();

    private static async Task<RequestImages> ReadJsonAsync(HttpRequest request, string image, string? images, CancellationToken cancellationToken)
    {
        var json = await RequestJson.ReadAsync(request, cancellationToken);
        try
        {
            var root = json.RootElement;
            if (images is not null && root.TryGetProperty(images, out var batch) && batch.ValueKind == JsonValueKind.Array)
            {
                return new RequestImages([.. batch.EnumerateArray().Select(element => TryDecode(element) ?? [])], isBatch: true, json, null);
            }

            return root.TryGetProperty(image, out var single)
                ? new RequestImages([Decode(single)], isBatch: false, json, null)
                : throw new RequestException(400, "no-image", $"The member {image} is missing.", $"Send the picture as base64 in {image}.");
        }
        catch
        {
            json.Dispose();
            throw;
        }
    }

    private static async Task<RequestImages> ReadFormAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        IFormCollection form;
        try
        {
            form = await request.ReadFormAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is InvalidDataException or (IOException and not BadHttpRequestException))
        {
            throw new RequestException(400, "bad-form", "The form is malformed or too large.", "Send fewer or smaller pictures, as valid multipart/form-data.");
        }

        var images = new List<byte[]>();
        foreach (var file in form.Files.GetFiles("image"))
        {
            var bytes = new byte[file.Length];
            await using var content = file.OpenReadStream();
            await content.ReadExactlyAsync(bytes, cancellationToken);
            images.Add(bytes);
        }

        return new RequestImages(images, isBatch: images.Count > 1, null, form);
    }

    private static async Task<byte[]> ReadBytesAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellationToken);
        return body.Length > 0
            ? body.ToArray()
            : throw new RequestException(400, "no-image", "The body is empty.", "Send a picture.");
    }

    private static byte[] Decode(JsonElement element) =>
        TryDecode(element) ?? throw new RequestException(400, "bad-base64", "A picture is not valid base64.", "Send it as standard base64 (RFC 4648), without line breaks.");

    // Null when it is not valid base64. A batch treats that as an unreadable picture, without affecting the others.
    private static byte[]? TryDecode(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        if (element.TryGetBytesFromBase64(out var bytes))
        {
            return bytes;
        }

        // The format of a browser's FileReader: data:image/jpeg;base64,…
        var text = element.TryGetText() ?? "";
        var comma = text.StartsWith("data:", StringComparison.Ordinal) ? text.IndexOf(',', StringComparison.Ordinal) : -1;
        var decoded = new byte[comma < 0 ? 0 : (text.Length - comma) * 3L / 4];
        return comma >= 0 && Convert.TryFromBase64Chars(text.AsSpan(comma + 1), decoded, out var length) ? decoded[..length] : null;
    }
}
