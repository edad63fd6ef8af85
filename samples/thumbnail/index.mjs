// POST an image (PNG, JPEG, GIF, BMP, TIFF); the answer is a thumbnail that fits in ?size=128 pixels.
import { Jimp, JimpMime } from 'jimp';

const greatestSize = 1024;

export default async function thumbnail(event) {
  const size = Number(event.query.size ?? 128);
  if (!Number.isInteger(size) || size < 1 || size > greatestSize) {
    return { status: 400, body: { error: `size must be a whole number from 1 to ${greatestSize}` } };
  }
  let image;
  try {
    image = await Jimp.read(event.raw);
  } catch (error) {
    return { status: 415, body: { error: `the body is not an image that this function knows: ${error.message}` } };
  }
  if (image.width > size || image.height > size) {
    image.scaleToFit({ w: size, h: size });
  }
  const type = image.mime === JimpMime.jpeg ? JimpMime.jpeg : JimpMime.png;
  return { headers: { 'content-type': type, 'x-original-type': image.mime }, body: await image.getBuffer(type) };
}
