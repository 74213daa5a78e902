using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace FindMe.Vision;

/// <summary>What one request and all of them together may cost. Section <c>Vision</c> of the configuration; checked at start.</summary>
public sealed class VisionOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Vision";

    /// <summary>Largest body of a request, in bytes, 64 KiB to 256 MiB. Default 32 MiB: a camera's largest JPEG as base64, or a batch of phone photos. Larger ones are answered with 413.</summary>
    [Range(1 << 16, 1 << 28)]
    public int MaxBodyBytes { get; set; } = 32 << 20;

    /// <summary>Most pictures of one request, 1 to 1,000. Default 100; more are answered with 413.</summary>
    [Range(1, 1_000)]
    public int MaxImages { get; set; } = 100;

    /// <summary>
    /// Requests read and worked on at once, 1 to 256; each may hold a body. Default 16. Others wait, <see cref="RequestsWaiting"/> of them at
    /// most; further ones are answered with 503.
    /// </summary>
    [Range(1, 256)]
    public int RequestsAtOnce { get; set; } = 16;

    /// <summary>Requests that wait for their turn, 0 to 10,000, none of whose bodies is read. Default 256.</summary>
    [Range(0, 10_000)]
    public int RequestsWaiting { get; set; } = 256;

    /// <summary>
    /// Folder of the people that can be named, each a file <c>NAME.findme</c> of <c>findme people train</c>; a relative one counts from the
    /// working directory. Default: empty, nobody can be named.
    /// </summary>
    public string PeoplePath { get; set; } = "";

    /// <summary>The classifier of <c>POST /classify</c>: the name of a description <c>NAME.classifier.json</c> beside the models. Default <c>nsfw</c>.</summary>
    [RegularExpression("[A-Za-z0-9_-]{1,64}")]
    public string Classifier { get; set; } = "nsfw";
}

[OptionsValidator]
internal sealed partial class VisionOptionsValidator : IValidateOptions<VisionOptions>;
