using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace FindMe.Api;

/// <summary>The form in which a person shows their face: the picture, which of its faces is theirs, and whether it replaces the earlier ones.</summary>
/// <remarks>
/// Read part by part, so that the picture is in memory once: a form of ASP.NET Core holds it in a growing buffer, of which it would be copied. It
/// never touches a temporary file.
/// </remarks>
internal static class ReferenceForm
{
    // Boundaries have at most 70 characters (RFC 2046, 5.1.1); the form of FindMe's page has two parts, with a header of 100 bytes or so each.
    private const int MaxBoundary = 128;
    private const int MaxParts = 16;
    private const int MaxText = 32;

    // What is there at first of a picture whose size the request does not say.
    private const int FirstBytes = 1 << 20;

    /// <summary>Reads the form.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxBytes">Bytes that the picture may have.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The picture, the number of the face (null: not said), whether it replaces the earlier ones; or the problem.</returns>
    public static async Task<(ReadOnlyMemory<byte> Photo, int? Face, bool Replace, ProblemHttpResult? Problem)> ReadAsync(
        HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        // The form may be a little larger than the picture in it.
        var formBytes = maxBytes + (1 << 16);
        if (request.ContentLength > formBytes)
        {
            return (default, null, false, Problems.TooLarge(maxBytes));
        }

        if (BoundaryOf(request) is not { } boundary)
        {
            return (default, null, false, Missing());
        }

        // Set only now: a body that is refused unread is read away for a moment, so that a browser that still sends it sees the answer.
        // Counts what comes without a length too, and every part of the form.
        request.HttpContext.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = formBytes;
        try
        {
            return await ReadPartsAsync(new MultipartReader(boundary, request.Body), (int?)request.ContentLength, maxBytes, cancellationToken);
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return (default, null, false, Problems.TooLarge(maxBytes));
        }
        catch (Exception exception) when (exception is InvalidDataException or (IOException and not BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout }))
        {
            return (default, null, false, Missing());
        }
    }

    private static async Task<(ReadOnlyMemory<byte> Photo, int? Face, bool Replace, ProblemHttpResult? Problem)> ReadPartsAsync(
        MultipartReader form, int? formBytes, int maxBytes, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte>? photo = null;
        string? number = null;
        var replace = false;
        for (var part = 0; part < MaxParts && await form.ReadNextSectionAsync(cancellationToken) is { } section; part++)
        {
            var disposition = section.GetContentDispositionHeader();
            var name = HeaderUtilities.RemoveQuotes(disposition?.Name ?? default).Value;
            if (name == "photo" && disposition!.IsFileDisposition() && photo is null)
            {
                if (await ReadPhotoAsync(section.Body, Math.Min(formBytes ?? FirstBytes, maxBytes), maxBytes, cancellationToken) is not { } bytes)
                {
                    return (default, null, false, Problems.TooLarge(maxBytes));
                }

                photo = bytes;
            }
            else if (name == "face" && number is null)
            {
                number = await ReadTextAsync(section.Body, cancellationToken);
            }
            else if (name == "replace")
            {
                replace = await ReadTextAsync(section.Body, cancellationToken) == "true";
            }
        }

        return (photo, number) switch
        {
            (null, _) => (default, null, false, Missing()),
            ({ } shown, null or "") => (shown, null, replace, null),
            ({ } shown, _) when int.TryParse(number, out var face) && face >= 0 => (shown, face, replace, null),
            _ => (default, null, false, Problems.Of(400, "no-such-face", "The field face is not a number.", "Count the faces from 0, left to right.")),
        };
    }

    private static async Task<string> ReadTextAsync(Stream body, CancellationToken cancellationToken)
    {
        var bytes = new byte[MaxText];
        return Encoding.UTF8.GetString(bytes, 0, await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken));
    }

    // Null where there is more of it.
    private static async Task<ReadOnlyMemory<byte>?> ReadPhotoAsync(Stream body, int expected, int maxBytes, CancellationToken cancellationToken)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(expected);
        var length = 0;
        while (true)
        {
            length += await body.ReadAtLeastAsync(bytes.AsMemory(length), bytes.Length - length, throwOnEndOfStream: false, cancellationToken);
            if (length < bytes.Length)
            {
                return bytes.AsMemory(0, length);
            }

            if (length == maxBytes)
            {
                if (await body.ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, cancellationToken) > 0)
                {
                    return null;
                }

                return bytes;
            }

            Array.Resize(ref bytes, (int)Math.Min(2L * bytes.Length, maxBytes));
        }
    }

    private static string? BoundaryOf(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
        && HeaderUtilities.RemoveQuotes(type.Boundary) is { Length: > 0 and <= MaxBoundary } boundary
            ? boundary.Value
            : null;

    private static ProblemHttpResult Missing() =>
        Problems.Of(400, "photo-missing", "There is no picture in the request.", "Send multipart/form-data with the field photo.");
}
