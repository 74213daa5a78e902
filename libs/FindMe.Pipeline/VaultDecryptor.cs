using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace FindMe.Pipeline;

/// <summary>Decrypts key rings written when <see cref="Hosting.VaultDecryptor"/> was defined here: their files name this type.</summary>
internal sealed class VaultDecryptor(IServiceProvider services) : IXmlDecryptor
{
    private readonly Hosting.VaultDecryptor _decryptor = new(services);

    public XElement Decrypt(XElement encryptedElement) => _decryptor.Decrypt(encryptedElement);
}
