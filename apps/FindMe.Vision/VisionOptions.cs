using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace FindMe.Vision;

/// <summary>Limits of requests, and the models to use. Section <c>Vision</c> of the configuration; checked at start.</summary>
public sealed class VisionOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Vision";

    /// <summary>Largest request body, in bytes, 64 KiB to 256 MiB. Default 32 MiB: a camera's largest JPEG as base64, or a batch of phone photos. Larger ones get 413.</summary>
    [Range(1 << 16, 1 << 28)]
    public int MaxBodyBytes { get; set; } = 32 << 20;

    /// <summary>Most pictures of one request, 1 to 1,000. Default 100; more get 413.</summary>
    [Range(1, 1_000)]
    public int MaxImages { get; set; } = 100;

    /// <summary>
    /// Concurrent requests, 1 to 256; each may hold a body in memory. Default 16. Up to <see cref="RequestsWaiting"/> others wait, and further
    /// ones get 503.
    /// </summary>
    [Range(1, 256)]
    public int RequestsAtOnce { get; set; } = 16;

    /// <summary>Most waiting requests, 0 to 10,000; their bodies are not read yet. Default 256.</summary>
    [Range(0, 10_000)]
    public int RequestsWaiting { get; set; } = 256;

    /// <summary>
    /// Folder of the models of people, each a file <c>NAME.findme</c> of <c>findme people train</c>; a relative path counts from the
    /// working directory. Default empty: nobody can be named.
    /// </summary>
    public string PeoplePath { get; set; } = "";

    /// <summary>The classifier of <c>POST /classify</c>: the name of a description <c>NAME.classifier.json</c> in the models folder. Default <c>nsfw</c>.</summary>
    [RegularExpression("[A-Za-z0-9_-]{1,64}")]
    public string Classifier { get; set; } = "nsfw";
}

[OptionsValidator]
internal sealed partial class VisionOptionsValidator : IValidateOptions<VisionOptions>;
