using Microsoft.AspNetCore.Http;

namespace FindMe.Sidecar;

/// <summary>Reads a request's body up to daprd's limit.</summary>
internal static class RequestBody
{
    /// <summary>4 MiB: the default of daprd's <c>--max-body-size</c>, for requests to it and for answers of the app.</summary>
    public const int Limit = 4 * 1024 * 1024;

    /// <summary>What daprd says beyond the limit; it has no 413.</summary>
    public const string TooLarge = "stream too large";

    /// <summary>The whole body, or null when it is beyond <see cref="Limit"/>.</summary>
    public static async ValueTask<byte[]?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength is { } length)
        {
            if (length > Limit)
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
            if (body.Length + read > Limit)
            {
                return null;
            }

            body.Write(chunk, 0, read);
        }

        return body.ToArray();
    }
}
