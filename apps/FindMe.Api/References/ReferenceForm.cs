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
/// <param name="Photo">The picture; gone when the form is disposed.</param>
/// <param name="Face">Which of its faces, counted from 0, left to right; null: not said.</param>
/// <param name="Replace">Whether it replaces the earlier ones.</param>
internal sealed record ReferenceForm(PictureMemory Photo, int? Face, bool Replace) : IDisposable
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
    /// <returns>The form, or the problem.</returns>
    public static async Task<(ReferenceForm? Form, ProblemHttpResult? Problem)> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        // The form may be a little larger than the picture in it.
        var formBytes = maxBytes + (1 << 16);
        if (request.ContentLength > formBytes)
        {
            return (null, Problems.TooLarge(maxBytes));
        }

        if (BoundaryOf(request) is not { } boundary)
        {
            return (null, Missing());
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
            return (null, Problems.TooLarge(maxBytes));
        }
        catch (Exception exception) when (exception is InvalidDataException or (IOException and not BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout }))
        {
            return (null, Missing());
        }
    }

    public void Dispose() => ((IDisposable)Photo).Dispose();

    private static async Task<(ReferenceForm? Form, ProblemHttpResult? Problem)> ReadPartsAsync(
        MultipartReader form, int? formBytes, int maxBytes, CancellationToken cancellationToken)
    {
        IDisposable? unused = null;
        try
        {
            PictureMemory? photo = null;
            string? number = null;
            var replace = false;
            for (var part = 0; part < MaxParts && await form.ReadNextSectionAsync(cancellationToken) is { } section; part++)
            {
                var disposition = section.GetContentDispositionHeader();
                var name = HeaderUtilities.RemoveQuotes(disposition?.Name ?? default).Value;
                if (name == "photo" && disposition!.IsFileDisposition() && photo is null)
                {
                    unused = photo = await PictureMemory.ReadAsync(section.Body, formBytes ?? FirstBytes, maxBytes, cancellationToken);
                    if (photo is null)
                    {
                        return (null, Problems.TooLarge(maxBytes));
                    }
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

            if (photo is null)
            {
                return (null, Missing());
            }

            int? face = int.TryParse(number, out var parsed) && parsed >= 0 ? parsed : null;
            if (face is null && number is not (null or ""))
            {
                return (null, Problems.Of(400, "no-such-face", "The field face is not a number.", "Count the faces from 0, left to right."));
            }

            unused = null;
            return (new ReferenceForm(photo, face, replace), null);
        }
        finally
        {
            unused?.Dispose();
        }
    }

    private static async Task<string> ReadTextAsync(Stream body, CancellationToken cancellationToken)
    {
        var bytes = new byte[MaxText];
        return Encoding.UTF8.GetString(bytes, 0, await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken));
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
