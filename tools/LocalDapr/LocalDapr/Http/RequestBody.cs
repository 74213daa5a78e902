using Microsoft.AspNetCore.Http;

namespace LocalDapr;

/// <summary>Reads a request's body up to daprd's limit.</summary>
internal static class RequestBody
{
    /// <summary>What daprd says beyond the limit; it has no 413.</summary>
    public const string TooLarge = "stream too large";

    /// <summary>The whole body, or null when it is larger than the app's sidecar takes.</summary>
    public static async ValueTask<byte[]?> ReadAsync(AppSide app, HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength is { } length)
        {
            if (length > app.MaxBodyBytes)
            {
                return null;
            }

            var exact = new byte[length];
            await request.Body.ReadExactlyAsync(exact, cancellationToken);
            return exact;
        }

        using var body = new MemoryStream();
        var chunk = new byte[16 * 1024];
        for (var read = await request.Body.ReadAsync(chunk, cancellationToken); read > 0; read = await request.Body.ReadAsync(chunk, cancellationToken))
        {
            if (body.Length + read > app.MaxBodyBytes)
            {
                return null;
            }

            body.Write(chunk, 0, read);
        }

        return body.ToArray();
    }
}
