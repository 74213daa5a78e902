namespace FindMe.Faces;

/// <summary>Why a photo cannot be read.</summary>
public enum PhotoProblem
{
    /// <summary>The bytes are not a picture, but an error page, a text or nothing at all.</summary>
    NotAnImage,

    /// <summary>A picture in an unsupported format, such as BMP, SVG or PDF.</summary>
    UnsupportedFormat,

    /// <summary>An iPhone's HEIC; separate from other unsupported formats because its owner can change the setting.</summary>
    Heic,

    /// <summary>More pixels than <see cref="FaceEngineOptions.MaxPhotoPixels"/>, or too many to decode in bounded memory.</summary>
    TooManyPixels,

    /// <summary>More bytes than <see cref="FaceEngineOptions.MaxPhotoBytes"/>.</summary>
    TooLarge,

    /// <summary>A picture that is truncated or damaged.</summary>
    Damaged,
}

/// <summary>A photo cannot be read. The message is one sentence for the person who sent it.</summary>
public sealed class PhotoException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="problem">The kind of problem, for programs.</param>
    /// <param name="message">One sentence for the person.</param>
    public PhotoException(PhotoProblem problem, string message)
        : base(message) => Problem = problem;

    /// <summary>The kind of problem.</summary>
    public PhotoProblem Problem { get; }
}
